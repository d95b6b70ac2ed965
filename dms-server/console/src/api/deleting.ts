/** Titles that are about to be deleted: gone from lists at once, and back if somebody changes their mind. */

import { useSyncExternalStore } from 'react';

let ids: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function set(next: ReadonlySet<string>): void {
  ids = next;
  for (const tell of listeners) tell();
}

/** Takes a title out of the lists. */
export function hideTitle(id: string): void {
  set(new Set([...ids, id]));
}

/** Puts it back. */
export function showTitle(id: string): void {
  set(new Set([...ids].filter((one) => one !== id)));
}

/** Those that lists leave out. */
export function useDeleting(): ReadonlySet<string> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ids,
  );
}
