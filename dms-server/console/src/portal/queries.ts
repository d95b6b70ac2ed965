/** What the portal asks the server for. */

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, ask, type Schema } from '~/api/client';
import { listTitles } from '~/api/titles';

export type Marked = Schema<'Marked'>;
export type FoundTitle = Schema<'FoundTitle'>;
export type MyRequest = Schema<'MyRequest'>;

/** How often lists are asked again where nothing tells of changes, ms. */
const AGAIN_MS = 60_000;
/** Titles of a page of the whole list. */
const PAGE = 60;
/** Titles that a search answers at most. */
const FOUND_MAX = 30;

export const continueQuery = queryOptions({
  queryKey: ['me', 'continue'],
  queryFn: async () => (await ask(api.GET('/api/v1/me/continue'))).items,
  // Watching goes on elsewhere, and nothing tells of it.
  staleTime: 0,
  refetchInterval: AGAIN_MS,
});

export const savedQuery = queryOptions({
  queryKey: ['me', 'saved'],
  queryFn: async () => (await ask(api.GET('/api/v1/me/saved'))).items,
  refetchInterval: AGAIN_MS,
});

export const forYouQuery = queryOptions({
  queryKey: ['me', 'for-you'],
  queryFn: () => ask(api.GET('/api/v1/me/for-you')),
  staleTime: AGAIN_MS,
});

export const requestsQuery = queryOptions({
  queryKey: ['me', 'requests'],
  queryFn: async () => (await ask(api.GET('/api/v1/me/access-requests'))).items,
  refetchInterval: AGAIN_MS,
});

/** What somebody did with one title. */
export function mineQuery(title: string) {
  return queryOptions({
    queryKey: ['me', 'title', title],
    queryFn: () => ask(api.GET('/api/v1/me/titles/{title}', { params: { path: { title } } })),
    staleTime: 0,
  });
}

export const newestQuery = queryOptions({
  queryKey: ['titles', 'newest'],
  queryFn: async () => (await listTitles(null)).items,
  refetchInterval: AGAIN_MS,
});

/** Every title, or those with a tag, a page at a time. */
export function allQuery(tag: string) {
  return infiniteQueryOptions({
    queryKey: ['titles', 'all', tag],
    initialPageParam: '',
    queryFn: ({ pageParam }) => {
      const query = { state: 'complete' as const, limit: PAGE, ...(tag && { tag }), ...(pageParam && { cursor: pageParam }) };
      return ask(api.GET('/api/v1/titles', { params: { query } }));
    },
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
}

/** Titles and lines that are spoken. */
export function searchQuery(q: string) {
  return queryOptions({
    queryKey: ['search', q],
    queryFn: ({ signal }) => ask(api.GET('/api/v1/search', { params: { query: { q, limit: FOUND_MAX } }, signal })),
    enabled: q !== '',
    staleTime: 30_000,
  });
}
