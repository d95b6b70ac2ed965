/** What somebody prefers in this browser. The watch page reads and writes the same names. */

import { useSyncExternalStore } from 'react';

/** The switches. `captions` keeps a language while it is on. */
export type Preference = 'captions' | 'autoplay' | 'data-saver' | 'for-you';

/** What is kept for a switch that is off. */
const OFF = 'off';

/** Whether it is on, from what was remembered. */
export function isOn(remembered: string | null, byDefault: boolean): boolean {
  return remembered === null ? byDefault : remembered !== OFF;
}

/** What each is as long as nobody chose. */
function byDefault(name: Preference): boolean {
  const { connection } = navigator as Navigator & { readonly connection?: { readonly saveData?: boolean } };
  switch (name) {
    case 'captions':
      return false;
    case 'autoplay':
      return !matchMedia('(prefers-reduced-motion: reduce)').matches;
    case 'data-saver':
      return connection?.saveData === true;
    case 'for-you':
      return true;
  }
}

const listeners = new Set<() => void>();

function read(name: Preference): boolean {
  let remembered: string | null = null;
  try {
    remembered = localStorage.getItem(`dms.${name}`);
  } catch {
    // Where a browser remembers nothing everything is as it is at first.
  }
  return isOn(remembered, byDefault(name));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A switch, and how to set it; `value` is kept for on. */
export function usePreference(name: Preference): [boolean, (on: boolean, value?: string) => void] {
  const on = useSyncExternalStore(subscribe, () => read(name));
  const set = (next: boolean, value = 'on') => {
    localStorage.setItem(`dms.${name}`, next ? value : OFF);
    for (const listener of listeners) listener();
  };
  return [on, set];
}
