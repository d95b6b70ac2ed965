/** Titles: asking for them, and what their states mean. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import { queryOptions, useQuery } from '@tanstack/react-query';
import type { Tone } from '~/parts/State';
import { useMay } from '~/session/session';
import { lookAgain } from '~/live';
import { api, ask, PAGE_LIMIT, type Schema } from './client';
import { isBusy, type Title, type TitleState } from './title-state';

export { isBusy, type Title, type TitleState };

/** How often a title that is being prepared is asked for, ms; and how often anything may have come. */
export const BUSY_MS = 1_500;
export const IDLE_MS = 20_000;

export const STATE_NAMES: Readonly<Record<TitleState, readonly [Tone, MessageDescriptor]>> = {
  queued: ['quiet', msg`Waiting`],
  probing: ['busy', msg`Being looked at`],
  transcoding: ['busy', msg`Being transcoded`],
  sealing: ['busy', msg`Being sealed`],
  complete: ['ok', msg`Published`],
  failed: ['bad', msg`Failed`],
};

/** What narrows the list. */
export interface TitleFilter {
  readonly matching?: string;
  readonly state?: TitleState;
}

/** A page of the list. */
export function listTitles(cursor: string | null, filter: TitleFilter = {}): Promise<Schema<'Page_Title'>> {
  const query = { ...filter, limit: PAGE_LIMIT, ...(cursor && { cursor }) };
  return ask(api.GET('/api/v1/titles', { params: { query } }));
}

/** The newest titles; while nothing is told, asked for again as often as they change. */
export function useRecentTitles() {
  const enabled = useMay('watch');
  return useQuery({
    queryKey: ['titles', 'recent'],
    queryFn: () => listTitles(null),
    enabled,
    refetchInterval: ({ state }) => lookAgain(state.data?.items.some(isBusy) ? BUSY_MS : IDLE_MS),
  });
}

/** One title, asked for again while it is being prepared. */
export function titleQuery(id: string) {
  return queryOptions({
    queryKey: ['titles', 'one', id],
    queryFn: () => ask(api.GET('/api/v1/titles/{title}', { params: { path: { title: id } } })),
    refetchInterval: ({ state }) => (state.data && isBusy(state.data) ? lookAgain(BUSY_MS) : false),
  });
}

/** The titles that these words or beginnings of words are found in, newest first. */
export async function findTitles(text: string, most: number): Promise<Title[]> {
  return (await listTitles(null, { matching: text })).items.slice(0, most);
}
