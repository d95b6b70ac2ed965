/** Titles: asking for them, and what their states mean. */

import { api, ask, PAGE_LIMIT, type Schema } from './client';

export type Title = Schema<'Title'>;

/** Most pages that are looked through for a name. */
const PAGES_MAX = 20;

/** Whether a title is still being prepared. */
export function isBusy({ state }: Title): boolean {
  return state !== 'complete' && state !== 'failed';
}

/** A page of the list. */
export function listTitles(cursor: string | null): Promise<Schema<'Page_Title'>> {
  return ask(api.GET('/api/v1/titles', { params: { query: { limit: PAGE_LIMIT, ...(cursor && { cursor }) } } }));
}

/** The titles whose names have these letters, newest first. */
export async function findTitles(text: string, most: number): Promise<Title[]> {
  const found: Title[] = [];
  const wanted = text.toLocaleLowerCase();
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX && found.length < most; page++) {
    const { items, next_cursor }: Schema<'Page_Title'> = await listTitles(cursor);
    found.push(...items.filter(({ title }) => title.toLocaleLowerCase().includes(wanted)));
    cursor = next_cursor ?? null;
    if (cursor === null) break;
  }
  return found.slice(0, most);
}
