/** What an event of the server means for what was asked before. Pure. */

import type { InfiniteData, QueryKey } from '@tanstack/react-query';
import type { Schema } from '~/api/client';
import type { Site } from '~/api/sites';
import { isBusy, type Title } from '~/api/title-state';

/** The events that the console listens to; the names are the server's. */
export const EVENTS = [
  'hello',
  'title.changed',
  'title.deleted',
  'peers',
  'campaign.progress',
  'devices.changed',
  'sites.changed',
  'campaigns.changed',
  'missed',
] as const;

export type EventName = (typeof EVENTS)[number];

/** What a site's peers come to, as the server tells it. */
export type PeersEvent = Pick<Site, 'peers' | 'origin_bytes' | 'distinct_bytes' | 'wan_copies'> & {
  readonly site: string | null;
};

/** What is to be done with the answers that are kept: asked again, or put right at once. */
export type Effect =
  | { readonly kind: 'again'; readonly key: QueryKey }
  | { readonly kind: 'title'; readonly title: Title }
  | { readonly kind: 'gone'; readonly title: string }
  | { readonly kind: 'peers'; readonly site: PeersEvent };

const again = (...keys: string[]): Effect[] => keys.map((key) => ({ kind: 'again', key: [key] }));

/** What follows the server: all of it is asked again when something was missed. */
export const FOLLOWED: readonly string[] = [
  'titles',
  'sites',
  'site-changes',
  'site-proposals',
  'devices',
  'campaigns',
];

/** The effects of an event. An event that a newer server tells means nothing here. */
export function effectsOf(name: EventName, data: unknown): Effect[] {
  switch (name) {
    case 'title.changed':
      return [{ kind: 'title', title: data as Title }];
    case 'title.deleted':
      return [{ kind: 'gone', title: (data as { title: string }).title }];
    case 'peers':
      // Whether a device is online stands in the list of devices.
      return [{ kind: 'peers', site: data as PeersEvent }, ...again('devices')];
    case 'campaign.progress':
    case 'campaigns.changed':
      return again('campaigns');
    case 'devices.changed':
      return again('devices', 'site-proposals');
    case 'sites.changed':
      return again('sites', 'site-changes', 'site-proposals', 'campaigns');
    case 'missed':
      return again(...FOLLOWED);
    case 'hello':
      return [];
  }
}

type TitlePage = Schema<'Page_Title'>;

/** A page of titles with this one as it is now; the same page when it is not on it. */
export function withTitle(page: TitlePage, title: Title): TitlePage {
  const at = page.items.findIndex(({ id }) => id === title.id);
  return at < 0 ? page : { ...page, items: page.items.with(at, title) };
}

/** A page of titles without this one. */
export function withoutTitle(page: TitlePage, title: string): TitlePage {
  const items = page.items.filter(({ id }) => id !== title);
  return items.length === page.items.length ? page : { ...page, items };
}

/** The sites with what one of them comes to now. */
export function withPeers<List extends { items: Site[] }>(list: List, { site, ...now }: PeersEvent): List {
  const at = list.items.findIndex(({ id }) => id === site);
  const old = list.items[at];
  return old === undefined ? list : { ...list, items: list.items.with(at, { ...old, ...now }) };
}

/** Changes each page of a list, whether it was asked for in pages or as one; the same list when no page changed. */
export function eachPage<Page>(data: Page | InfiniteData<Page>, change: (page: Page) => Page): Page | InfiniteData<Page> {
  if (typeof data === 'object' && data !== null && 'pages' in data) {
    const pages = data.pages.map(change);
    return pages.every((page, at) => page === data.pages[at]) ? data : { ...data, pages };
  }
  return change(data as Page);
}

/**
 * Whether lists are to be asked for again for a title that changed: one that they do not have, or one that has just come
 * to its end.
 */
export function isNews(known: Title | undefined, now: Title): boolean {
  return known === undefined || (isBusy(known) && !isBusy(now));
}
