/** Carries out what an event means, in the answers that are kept. */

import type { InfiniteData, Query, QueryClient } from '@tanstack/react-query';
import type { Schema } from '~/api/client';
import type { Site } from '~/api/sites';
import type { Title } from '~/api/title-state';
import { type Effect, eachPage, isNews, withoutTitle, withPeers, withTitle } from './effects';

/** What changes often is asked again so often at most, ms. */
export const GATHER_MS = 2_000;

/** A list of more pages is asked for again by hand only: it is many requests. */
const PAGES_MAX = 2;

type TitlePage = Schema<'Page_Title'>;
type Titles = TitlePage | InfiniteData<TitlePage>;

export class Cache {
  readonly #queries: QueryClient;
  #due = new Map<string, readonly unknown[]>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  apply(effect: Effect): void {
    switch (effect.kind) {
      case 'again':
        return this.#again(effect.key);
      case 'title':
        return this.#title(effect.title);
      case 'gone':
        return this.#gone(effect.title);
      case 'peers':
        this.#queries.setQueryData<{ items: Site[] }>(['sites'], (list) => list && withPeers(list, effect.site));
    }
  }

  /** Forgets what was to be asked again. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#due.clear();
  }

  #title(title: Title): void {
    const one = ['titles', 'one', title.id];
    const known = this.#queries.getQueryData<Title>(one) ?? this.#listed(title.id);
    this.#queries.setQueryData<Title>(one, (old) => old && title);
    this.#lists((page) => withTitle(page, title));
    if (isNews(known, title)) this.#again(['titles', 'recent'], ['titles', 'list'], ['master', title.id]);
  }

  #gone(title: string): void {
    this.#lists((page) => withoutTitle(page, title));
    this.#again(['titles', 'one', title], ['titles', 'recent'], ['titles', 'list']);
  }

  #lists(change: (page: TitlePage) => TitlePage): void {
    for (const key of ['recent', 'list']) {
      this.#queries.setQueriesData<Titles>({ queryKey: ['titles', key] }, (data) => data && eachPage(data, change));
    }
  }

  #listed(id: string): Title | undefined {
    for (const key of ['recent', 'list']) {
      for (const [, data] of this.#queries.getQueriesData<Titles>({ queryKey: ['titles', key] })) {
        const pages = data === undefined ? [] : 'pages' in data ? data.pages : [data];
        const found = pages.flatMap(({ items }) => items).find((title) => title.id === id);
        if (found) return found;
      }
    }
    return undefined;
  }

  #again(...keys: (readonly unknown[])[]): void {
    for (const key of keys) this.#due.set(JSON.stringify(key), key);
    this.#timer ??= setTimeout(() => {
      const due = [...this.#due.values()];
      this.stop();
      for (const queryKey of due) void this.#queries.invalidateQueries({ queryKey, predicate: isShort });
    }, GATHER_MS);
  }
}

function isShort({ state: { data } }: Query): boolean {
  return !(typeof data === 'object' && data !== null && 'pages' in data && (data.pages as unknown[]).length > PAGES_MAX);
}
