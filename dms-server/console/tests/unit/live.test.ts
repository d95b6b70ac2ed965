import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Title } from '../../src/api/title-state';
import type { Site } from '../../src/api/sites';
import { Cache, GATHER_MS } from '../../src/live/cache';
import { Connection, type Source, type Standing } from '../../src/live/connection';
import { effectsOf, eachPage, EVENTS, FOLLOWED, isNews, withPeers } from '../../src/live/effects';

const title = (id: string, state: Title['state'], name = id) => ({ id, state, title: name }) as Title;

describe('events', () => {
  it('say which answers are asked again, and which are put right at once', () => {
    const keys = (name: (typeof EVENTS)[number], data: unknown = {}) =>
      effectsOf(name, data).map((effect) => (effect.kind === 'again' ? effect.key.join('/') : effect.kind));
    expect(keys('title.changed', title('a', 'queued'))).toEqual(['title']);
    expect(keys('title.deleted', { title: 'a' })).toEqual(['gone']);
    expect(keys('peers', { site: null, peers: 2 })).toEqual(['peers', 'devices']);
    expect(keys('campaign.progress')).toEqual(['campaigns']);
    expect(keys('devices.changed')).toEqual(['devices', 'site-proposals']);
    expect(keys('sites.changed')).toEqual(['sites', 'site-changes', 'site-proposals', 'campaigns']);
    expect(keys('missed')).toEqual(FOLLOWED);
    expect(keys('hello')).toEqual([]);
  });

  it('change only the pages that they are about', () => {
    const [one, two] = [{ items: [1] }, { items: [2] }];
    const list = { pages: [one, two], pageParams: [null, 'x'] };
    expect(eachPage(list, (page) => page)).toBe(list);
    const changed = eachPage(list, (page) => (page === two ? { items: [3] } : page)) as typeof list;
    expect(changed.pages).toEqual([{ items: [1] }, { items: [3] }]);
    expect(changed.pages[0]).toBe(one);
    const sites = { items: [{ id: 's', name: 'Lyon', peers: 1 } as Site] };
    const now = { peers: 5, origin_bytes: 9, distinct_bytes: 9, wan_copies: 1 };
    expect(withPeers(sites, { site: 's', ...now }).items[0]).toMatchObject({ name: 'Lyon', ...now });
    expect(withPeers(sites, { site: null, ...now })).toBe(sites);
  });

  it('of a title are news when nobody knew it, or when it has come to its end', () => {
    expect(isNews(undefined, title('a', 'queued'))).toBe(true);
    expect(isNews(title('a', 'queued'), title('a', 'transcoding'))).toBe(false);
    expect(isNews(title('a', 'sealing'), title('a', 'complete'))).toBe(true);
    expect(isNews(title('a', 'complete'), title('a', 'complete'))).toBe(false);
  });
});

describe('what is kept', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('follows a title in every list, and asks again once for many events', () => {
    const queries = new QueryClient();
    const again = vi.spyOn(queries, 'invalidateQueries');
    const cache = new Cache(queries);
    const page = { items: [title('a', 'queued'), title('b', 'complete')], next_cursor: null };
    queries.setQueryData(['titles', 'recent'], page);
    queries.setQueryData(['titles', 'list', {}], { pages: [page], pageParams: [null] });
    cache.apply({ kind: 'title', title: title('a', 'transcoding', 'New name') });
    expect(queries.getQueryData(['titles', 'recent'])).toMatchObject({ items: [{ title: 'New name' }, { id: 'b' }] });
    expect(queries.getQueryData(['titles', 'list', {}])).toMatchObject({ pages: [{ items: [{ title: 'New name' }, {}] }] });
    expect(queries.getQueryData(['titles', 'one', 'a'])).toBeUndefined();
    vi.advanceTimersByTime(GATHER_MS);
    expect(again).not.toHaveBeenCalled();
    for (let times = 0; times < 50; times++) cache.apply({ kind: 'again', key: ['devices'] });
    cache.apply({ kind: 'gone', title: 'b' });
    expect(queries.getQueryData<typeof page>(['titles', 'recent'])?.items).toHaveLength(1);
    vi.advanceTimersByTime(GATHER_MS);
    const asked = again.mock.calls.map(([filter]) => (filter?.queryKey ?? []).join('/'));
    expect(asked).toEqual(['devices', 'titles/one/b', 'titles/recent', 'titles/list']);
    const predicate = again.mock.calls[0]?.[0]?.predicate;
    const query = (pages: number) => ({ state: { data: { pages: new Array(pages).fill({}) } } }) as never;
    expect([predicate?.(query(2)), predicate?.(query(3))]).toEqual([true, false]);
  });
});

/** A stream whose events the test says. */
class Stage implements Source {
  readyState = 1;
  closed = false;
  readonly #listeners = new Map<string, (event: { readonly data?: unknown }) => void>();

  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void {
    this.#listeners.set(type, listener);
  }

  say(type: string, data?: unknown): void {
    this.#listeners.get(type)?.({ data: typeof data === 'string' ? data : JSON.stringify(data ?? {}) });
  }

  close(): void {
    this.closed = true;
  }
}

describe('the stream', () => {
  const stages: Stage[] = [];
  const told: string[] = [];
  const turns: Standing[] = [];
  let connection: Connection;
  beforeEach(() => {
    vi.useFakeTimers();
    for (const list of [stages, told, turns]) list.length = 0;
    connection = new Connection({
      open: () => {
        const stage = new Stage();
        stages.push(stage);
        return stage;
      },
      told: (name) => void told.push(name),
      turned: (standing) => void turns.push(standing),
    });
  });
  afterEach(() => void vi.useRealTimers());

  it('is live from the greeting on, and lost while the browser tries again by itself', () => {
    connection.start();
    connection.start();
    expect(stages).toHaveLength(1);
    expect(connection.standing).toBe('starting');
    stages[0]?.say('hello');
    stages[0]?.say('sites.changed');
    stages[0]?.say('title.changed', 'no JSON');
    expect(told).toEqual(['sites.changed']);
    stages[0]?.say('error');
    expect(connection.standing).toBe('lost');
    // The browser said what it had last, and the server told what came since.
    stages[0]?.say('hello');
    expect(told).toEqual(['sites.changed']);
    expect(turns).toEqual(['live', 'lost', 'live']);
  });

  it('is opened anew, ever more slowly, after the server refused it; what came between was missed', () => {
    connection.start();
    stages[0]?.say('hello');
    const refuse = (stage: Stage | undefined) => {
      if (stage) stage.readyState = 2;
      stage?.say('error');
    };
    refuse(stages[0]);
    vi.advanceTimersByTime(1_999);
    expect(stages).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(stages).toHaveLength(2);
    refuse(stages[1]);
    vi.advanceTimersByTime(3_999);
    expect(stages).toHaveLength(2);
    vi.advanceTimersByTime(1);
    stages[2]?.say('hello');
    expect(told).toEqual(['missed']);
    connection.stop();
    expect(stages[2]?.closed).toBe(true);
    stages[2]?.say('sites.changed');
    vi.advanceTimersByTime(600_000);
    expect([told.length, stages.length, connection.standing]).toEqual([1, 3, 'starting']);
  });
});
