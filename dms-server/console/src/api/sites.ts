/** Sites: asking for them, changing them, and taking a change back. */

import { queryOptions } from '@tanstack/react-query';
import { lookAgain } from '~/live';
import { api, ask, PAGE_LIMIT, type Schema } from './client';

export type Site = Schema<'SiteView'>;
export type SiteChange = Schema<'ChangeView'>;

/** How often the figures of the sites are asked for, ms. */
export const SITES_MS = 15_000;

/** How long a change can be taken back, hours. The server decides; this is what it says. */
export const UNDO_HOURS = 24;

export const sitesQuery = queryOptions({
  queryKey: ['sites'],
  queryFn: () => ask(api.GET('/api/v1/sites')),
  refetchInterval: () => lookAgain(SITES_MS),
});

export const siteChangesQuery = queryOptions({
  queryKey: ['site-changes'],
  queryFn: () => ask(api.GET('/api/v1/site-changes', { params: { query: { limit: PAGE_LIMIT } } })),
});

/** An answer's data, and the change by which it can be taken back. */
export async function askChange<Data>(
  answer: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<{ data: Data; change: string | null }> {
  const got = await answer;
  const data = await ask(Promise.resolve(got));
  return { data, change: got.response.headers.get('dms-change') };
}

/** Takes a change back. */
export function undoSiteChange(change: string): Promise<unknown> {
  return ask(api.POST('/api/v1/site-changes/{change}/undo', { params: { path: { change } } }));
}
