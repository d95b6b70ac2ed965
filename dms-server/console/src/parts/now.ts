/** The time of day, told to all who show how long ago something was by one timer. */

import { useSyncExternalStore } from 'react';

/** How often "minutes ago" is drawn anew, ms. */
const STEP_MS = 10_000;

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const tell of listeners) tell();
  }, STEP_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Now, no older than ten seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
