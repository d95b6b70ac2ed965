import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { vastCode } from '../../src/breaks/creative';
import { parseList } from '../../src/breaks/list';
import { type Box, Outbox, type Told, readAnswers } from '../../src/breaks/outbox';
import { type Input, Showing } from '../../src/breaks/progress';
import { ahead, breaksOf, crossed, jumped } from '../../src/breaks/ranges';

const TITLE = '01a2045c-63c9-766f-9468-37e402be97ee';
const range = (id: number, seconds: number, more = '') =>
  `#EXT-X-DATERANGE:ID="b${id}",CLASS="com.apple.hls.interstitial",START-DATE="${new Date(seconds * 1000).toISOString()}",` +
  `X-ASSET-LIST="../../../../api/v1/titles/${TITLE}/breaks/${id}/assets"${more}`;

describe('breaks in a playlist', () => {
  const playlist = [
    '#EXTM3U',
    range(3, 60, ',CUE="ONCE",X-RESUME-OFFSET=15.5,X-RESTRICT="SKIP,JUMP"'),
    range(1, 0, ',CUE="PRE,ONCE",X-RESUME-OFFSET=0'),
    range(2, 30, ',CUE="ONCE"'),
    range(4, 90, ',CUE="POST,ONCE"'),
    '#EXT-X-DATERANGE:ID="x",CLASS="com.example",START-DATE="1970-01-01T00:00:09Z",X-ASSET-LIST="breaks/9/assets"',
    '#EXT-X-DATERANGE:ID="y",CLASS="com.apple.hls.interstitial",START-DATE="soon",X-ASSET-LIST="breaks/9/assets"',
    '#EXT-X-DATERANGE:ID="z",CLASS="com.apple.hls.interstitial",START-DATE="1970-01-01T00:00:09Z",X-ASSET-URI="a.m3u8"',
  ].join('\r\n');
  const breaks = breaksOf(playlist);

  it('are those that name a list and a time, in their order', () => {
    expect(breaks).toEqual([
      { id: 1, at: 0, resume: 0, hold: false, cue: 'pre' },
      { id: 2, at: 30, resume: 0, hold: false, cue: 'mid' },
      { id: 3, at: 60, resume: 15.5, hold: true, cue: 'mid' },
      { id: 4, at: 90, resume: 0, hold: false, cue: 'post' },
    ]);
  });

  it('are due when playing crosses them, and not when it stands before or behind', () => {
    expect(crossed(breaks, 29, 29.9)).toBeNull();
    expect(crossed(breaks, 29.9, 29.99)?.id).toBe(2);
    expect(crossed(breaks, 29.9, 30.4)?.id).toBe(2);
    expect(crossed(breaks, 30.1, 31)).toBeNull();
    expect(crossed(breaks, 0, 0.1)).toBeNull();
    expect(crossed(breaks, 89.9, 90)).toBeNull();
    expect(ahead(breaks, 30)?.id).toBe(3);
    expect(ahead(breaks, 61)).toBeNull();
  });

  it('are jumped over by a seek forward, also one to them, and by none back', () => {
    expect(jumped(breaks, 10, 70).map(({ id }) => id)).toEqual([2, 3]);
    expect(jumped(breaks, 10, 30).map(({ id }) => id)).toEqual([2]);
    expect(jumped(breaks, 70, 10)).toEqual([]);
  });
});

describe('an asset list', () => {
  const asset = (ours: object, rest: object = {}) => ({
    URI: `/hls/${TITLE}/master.m3u8`,
    DURATION: 15.04,
    'X-DMS': { instance: TITLE, title: TITLE, name: 'One', why: { kind: 'slate', text: 'Because.' }, ...ours },
    ...rest,
  });

  it('is read, and what cannot be played is passed over', () => {
    const list = parseList({
      ASSETS: [
        asset({ skip_after_ms: 5000, click: 'https://example.com/x', must_see: true }),
        asset({ title: 'no id' }),
        asset({}, { DURATION: 0 }),
        null,
        asset({ click: 'javascript:alert(1)', skip_after_ms: null }),
      ],
      'X-DMS': { resume_ms: 1500 },
    });
    expect(list).toMatchObject({ hold: true, resume: 1.5 });
    expect(list?.assets).toMatchObject([
      { durationMs: 15_040, skipAfterMs: 5000, click: 'https://example.com/x', why: { kind: 'slate' } },
      { skipAfterMs: null, click: null, mustSee: false },
    ]);
  });

  it('is nothing where there is none, and may be empty', () => {
    for (const body of [null, 'x', {}, { ASSETS: 'none' }]) expect(parseList(body)).toBeNull();
    expect(parseList({ ASSETS: [] })).toEqual({ assets: [], hold: false, resume: null });
  });
});

describe('what is told of a showing', () => {
  interface Vector {
    name: string;
    duration_ms: number;
    marks?: number[];
    inputs: (Input | { state: 'keep' | 'crash' })[];
    events: [string, number][];
  }
  const file = new URL('../../../../dms-server/ads/vectors/progress.json', import.meta.url);
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];

  it('is tested against all vectors', () => expect(vectors.length).toBeGreaterThanOrEqual(15));

  it.each(vectors)('$name', ({ duration_ms, marks, inputs, events }) => {
    let showing = new Showing(duration_ms, marks);
    let kept = JSON.stringify(showing.keep());
    const told: [string, number][] = [];
    for (const step of inputs) {
      if ('state' in step) {
        if (step.state === 'keep') kept = JSON.stringify(showing.keep());
        else showing = Showing.from(JSON.parse(kept));
        continue;
      }
      const said = showing.handle(step);
      if (said.length > 0) kept = JSON.stringify(showing.keep());
      told.push(...said.map(({ event, mediaMs }): [string, number] => [event, mediaMs]));
    }
    expect(told).toEqual(events);
  });
});

describe('the outbox', () => {
  class Memory implements Box {
    readonly kept = new Map<string, string>();
    get length() {
      return this.kept.size;
    }
    key = (nth: number) => [...this.kept.keys()][nth] ?? null;
    getItem = (key: string) => this.kept.get(key) ?? null;
    setItem = (key: string, value: string) => void this.kept.set(key, value);
    removeItem = (key: string) => void this.kept.delete(key);
  }
  const BASE = Date.now();
  const event = (nth: number, at_ms = BASE): Told => ({
    ...{ instance: TITLE, event: 'start', media_ms: nth, at_ms: at_ms + nth, code: null, receipt: null },
  });

  it('keeps what no answer came for, and tells it from another page', async () => {
    const box = new Memory();
    let answers = 0;
    const first = new Outbox(box, async () => {
      answers += 1;
      return answers === 1 ? null : Promise.reject(new Error('away'));
    });
    first.add(event(1));
    await first.flush();
    await first.flush();
    expect(first.left).toBe(1);
    const heard: number[] = [];
    const second = new Outbox(box, async (events) => {
      heard.push(...events.map(({ media_ms }) => media_ms));
      return events.map(() => 'counted');
    });
    await second.flush();
    expect(heard).toEqual([1]);
    expect([box.kept.size, second.left]).toEqual([0, 0]);
  });

  it('tells in batches, the oldest first, and only an answer for each ends it', async () => {
    const box = new Memory();
    const batches: number[] = [];
    let short = true;
    const outbox = new Outbox(box, async (events) => {
      batches.push(events.length);
      expect(events.map(({ media_ms }) => media_ms)).toEqual(events.map(({ media_ms }) => media_ms).sort((a, b) => a - b));
      const words = events.map(() => 'known');
      return short ? words.slice(1) : words;
    });
    for (let nth = 449; nth >= 0; nth--) outbox.add(event(nth));
    await outbox.flush();
    expect(outbox.left).toBe(450);
    short = false;
    await outbox.flush();
    expect(outbox.left).toBe(0);
    expect(batches).toEqual([80, 80, 80, 80, 80, 80, 50]);
  });

  it('drops what is not taken any more, and what it cannot read', async () => {
    const box = new Memory();
    box.setItem('dms.ad.x', 'not JSON');
    box.setItem('dms.other', 'stays');
    const outbox = new Outbox(box, async () => {
      throw new Error('nothing is to be told');
    });
    outbox.add(event(0, Date.now() - 31 * 86_400_000));
    await outbox.flush();
    expect([...box.kept.keys()]).toEqual(['dms.other']);
  });

  it('tells also what cannot be kept', async () => {
    const heard: Told[] = [];
    const outbox = new Outbox(null, async (events) => {
      heard.push(...events);
      return events.map(() => 'counted');
    });
    outbox.add(event(7));
    await outbox.flush();
    expect(heard.length).toBe(1);
  });

  it('finds the words in an answer', () => {
    expect(readAnswers({ results: ['counted', 'known'] })).toEqual(['counted', 'known']);
    expect(readAnswers({ results: [{ result: 'counted' }] })).toEqual(['counted']);
    expect(readAnswers('<html>')).toBeNull();
  });
});

it('errors have the numbers of VAST', () => {
  expect(vastCode({ code: 'title_not_found' })).toBe(401);
  expect(vastCode({ code: 'origin_unreachable' })).toBe(402);
  expect(vastCode({ code: 'browser_unsupported' })).toBe(403);
  expect(vastCode({ code: 'media_decode' })).toBe(405);
  expect(vastCode({ code: 'license_wrong_key' })).toBe(400);
});
