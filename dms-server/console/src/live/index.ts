/** The console follows the server: one stream for the page, open while somebody who is signed in looks at it. */

import { useSyncExternalStore } from 'react';
import { queries } from '~/app/queries';
import { sessionQuery } from '~/session/session';
import { Cache } from './cache';
import { Connection, type Source, type Standing } from './connection';
import { effectsOf, FOLLOWED } from './effects';

/**
 * While the server tells what happens, it is asked so many times less often: what another server of the installation
 * did is not told by this one.
 */
const LESS_OFTEN = 10;

const listeners = new Set<() => void>();
const cache = new Cache(queries);

const connection = new Connection({
  open: () => new EventSource('/api/v1/events') as Source,
  told: (name, data) => {
    for (const effect of effectsOf(name, data)) cache.apply(effect);
  },
  turned: (standing) => {
    for (const tell of listeners) tell();
    // Each answer sets anew how long it is until the next question.
    if (standing === 'lost') for (const key of FOLLOWED) void queries.invalidateQueries({ queryKey: [key] });
  },
});

/** Browsers open six connections to a server at most: a page that nobody looks at keeps none. */
function follow(): void {
  const session = queries.getQueryData(sessionQuery.queryKey);
  const signedIn = session !== undefined && session !== null && !session.codes_needed && !session.code_needed;
  if (signedIn && document.visibilityState === 'visible') return connection.start();
  cache.stop();
  connection.stop();
}

/** Begins to follow. */
export function followServer(): void {
  document.addEventListener('visibilitychange', follow);
  queries.getQueryCache().subscribe(({ query }) => {
    if (query.queryKey[0] === sessionQuery.queryKey[0]) follow();
  });
  follow();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether what happens is told at once. */
export function useStanding(): Standing {
  return useSyncExternalStore(subscribe, () => connection.standing);
}

/** How long until it is asked again, ms: `alone` where nothing is told. */
export function lookAgain(aloneMs: number): number {
  return connection.standing === 'live' ? aloneMs * LESS_OFTEN : aloneMs;
}
