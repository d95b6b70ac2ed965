/** Requests for access to the titles of whoever is signed in. */

import { infiniteQueryOptions } from '@tanstack/react-query';
import { api, ask, PAGE_LIMIT, type Schema } from './client';

export type AccessRequest = Schema<'RequestView'>;
export type RequestState = Schema<'RequestState'>;

/** How often it is asked whether somebody asks, ms. */
const AGAIN_MS = 30_000;

/** Those in a state, the newest first; those in any, when it is none. */
export function accessRequestsQuery(state: RequestState | null) {
  return infiniteQueryOptions({
    queryKey: ['access-requests', state ?? 'any'],
    initialPageParam: '',
    queryFn: ({ pageParam }) => {
      const query = { limit: PAGE_LIMIT, ...(state && { state }), ...(pageParam && { cursor: pageParam }) };
      return ask(api.GET('/api/v1/access-requests', { params: { query } }));
    },
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: AGAIN_MS,
  });
}

/** Lets the person of a request in, or does not. */
export function answerRequest(request: string, grant: boolean): Promise<unknown> {
  // It may be the last thing that a page does.
  const init = { params: { path: { request } }, keepalive: true };
  return ask(
    grant
      ? api.POST('/api/v1/access-requests/{request}/grant', init)
      : api.POST('/api/v1/access-requests/{request}/deny', init),
  );
}
