/** The uploads of this browser, and who looks at them. */

import { useSyncExternalStore } from 'react';
import { queries } from '~/app/queries';
import { sessionQuery } from '~/session/session';
import type { UploadItem } from './model';
import { Uploads } from './uploads';

export const uploads = new Uploads(() => queries.getQueryData(sessionQuery.queryKey)?.person ?? null);

addEventListener('online', () => uploads.wake());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') uploads.wake();
});

// Each upload that became a title changes the lists of titles.
let done = 0;
uploads.subscribe(() => {
  const now = uploads.items().filter(({ state }) => state === 'done').length;
  if (now > done) void queries.invalidateQueries({ queryKey: ['titles'] });
  done = now;
});

// Leaving the page stops what is being sent; what the server has is kept.
addEventListener('beforeunload', (event) => {
  if (uploads.items().some(({ state }) => state === 'uploading')) event.preventDefault();
});

/** The uploads, newest first. */
export function useUploads(): readonly UploadItem[] {
  return useSyncExternalStore(uploads.subscribe, uploads.items);
}
