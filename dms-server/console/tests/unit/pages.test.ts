import { describe, expect, it } from 'vitest';
import { detailText, pairs } from '../../src/pages/audit/detail';
import { hoursPlayed, peersNow, wanCopies } from '../../src/pages/home/numbers';
import { narrowed, parametersFor } from '../../src/pages/library/narrow';
import { frameFor, linkTo, playerOf, readClock } from '../../src/pages/title/links';
import { readMaster } from '../../src/pages/title/master';
import { fromLocalInput, toLocalInput } from '../../src/parts/local-time';
import { meaning } from '../../src/app/keys';
import { RateMeter } from '../../src/uploads/rate';
import { percentOf, secondsLeft, startable, titleOf, together, type UploadItem } from '../../src/uploads/model';

describe('uploads', () => {
  const item = (change: Partial<UploadItem>): UploadItem => ({
    id: 'a',
    name: 'a.mp4',
    size: 200,
    sent: 0,
    rate: 0,
    state: 'waiting',
    audience: { kind: 'everybody' },
    title: null,
    problem: null,
    ...change,
  });

  it('two run at a time', () => {
    const three = ['a', 'b', 'c'].map((id) => item({ id }));
    expect(startable(three).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(startable([item({ id: 'x', state: 'uploading' }), ...three]).map(({ id }) => id)).toEqual(['a']);
    expect(startable([item({ state: 'failed' }), item({ state: 'paused' })])).toEqual([]);
  });

  it('say how far and how long', () => {
    expect(percentOf(item({ sent: 199 }))).toBe(99);
    expect(percentOf(item({ size: 0 }))).toBe(0);
    expect(percentOf(item({ state: 'done' }))).toBe(100);
    expect(secondsLeft(item({ state: 'uploading', sent: 100, rate: 50 }))).toBe(2);
    expect(secondsLeft(item({ state: 'paused', sent: 100, rate: 50 }))).toBeNull();
    expect(together([item({ sent: 100 }), item({ state: 'done' })])).toEqual({ running: 1, percent: 50 });
    expect(titleOf('Q3_town-hall.mp4')).toBe('Q3 town-hall');
    expect(titleOf('.mp4')).toBe('.mp4');
  });
});

describe('the rate of an upload', () => {
  it('is estimated only after a moment, and forgotten after a pause', () => {
    const meter = new RateMeter();
    expect(meter.add(0, 0)).toBe(0);
    expect(meter.add(100, 100)).toBe(0);
    expect(meter.add(1000, 1000)).toBe(1000);
    expect(meter.add(3000, 2000)).toBe(1500);
    meter.reset();
    expect(meter.add(3000, 9000)).toBe(0);
    expect(meter.add(100, 9900)).toBe(0);
  });
});

describe('the library', () => {
  it('asks the server for words and states, and leaves out what is being deleted', () => {
    expect(parametersFor(' q3 ', 'complete')).toEqual({ matching: 'q3', state: 'complete' });
    expect(parametersFor('', 'busy')).toEqual({});
    const titles = [
      { id: '1', state: 'complete' },
      { id: '2', state: 'transcoding' },
    ] as unknown as Parameters<typeof narrowed>[0];
    expect(narrowed(titles, 'busy', new Set()).map(({ id }) => id)).toEqual(['2']);
    expect(narrowed(titles, 'any', new Set(['1'])).map(({ id }) => id)).toEqual(['2']);
  });
});

describe('numbers of the first page', () => {
  it('are no data where there is none, and not 0', () => {
    expect(peersNow(undefined)).toBeNull();
    expect(peersNow([])).toBeNull();
    expect(peersNow([{ peers: 0, origin_bytes: 0, distinct_bytes: 0 }])).toBe(0);
    expect(wanCopies([{ peers: 1, origin_bytes: 0, distinct_bytes: 0 }])).toBeNull();
    expect(wanCopies([{ peers: 1, origin_bytes: 150, distinct_bytes: 100 }])).toBe(1.5);
    expect(hoursPlayed({ items: [] })).toBeNull();
    expect(hoursPlayed({ items: [{ played_s: 5400 }] })).toBe(1.5);
  });
});

describe('a title', () => {
  it('has links that begin where they should', () => {
    expect(readClock('1:30')).toBe(90);
    expect(readClock('1:02:30')).toBe(3750);
    expect(readClock('90')).toBeNull();
    expect(readClock('1:75')).toBeNull();
    expect(linkTo('https://dms', 'id', 0)).toBe('https://dms/watch/id');
    expect(linkTo('https://dms', 'id', 90)).toBe('https://dms/watch/id?at=90');
    expect(playerOf('https://dms', 'id', 90)).toBe('https://dms/embed/id?at=90');
    expect(frameFor('https://dms/watch/id', '"><script>')).toContain('title="&quot;>&lt;script>"');
  });

  it('has the renditions of its playlist', () => {
    const playlist = [
      '#EXTM3U',
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English, main",LANGUAGE="en",URI="2/index.m3u8"',
      '#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=25.000',
      '1/index.m3u8',
      '#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720',
    ].join('\n');
    const { pictures, sounds } = readMaster(playlist);
    expect(pictures.map(({ height }) => height)).toEqual([720, 360]);
    expect(pictures[1]).toMatchObject({ frameRate: 25, codecs: ['avc1.64001e', 'mp4a.40.2'] });
    expect(sounds).toEqual([{ name: 'English, main', language: 'en' }]);
    expect(readMaster('no playlist').pictures).toEqual([]);
  });
});

describe('the audit log', () => {
  it('says its details as words', () => {
    expect(pairs({ max_height: 720, people: ['a', 'b'], plan: { kind: 'free' }, x: null })).toEqual([
      ['max height', '720'],
      ['people', 'a, b'],
      ['plan', 'kind: free'],
      ['x', '–'],
    ]);
    expect(detailText({ name: 'Ana', code: true })).toBe('name: Ana · code: true');
    expect(detailText(null)).toBe('');
  });
});

describe('moments in a field', () => {
  it('are read back', () => {
    const ms = new Date(2026, 1, 3, 4, 5).getTime();
    expect(toLocalInput(ms)).toBe('2026-02-03T04:05');
    expect(fromLocalInput(toLocalInput(ms))).toBe(ms);
    expect(fromLocalInput('tomorrow')).toBeNull();
    expect(toLocalInput(null)).toBe('');
  });
});

describe('keys', () => {
  const page = { path: '/library', title: { id: 'l' }, load: () => Promise.reject(new Error('not loaded')) };
  const pages = [{ ...page, nav: { group: 'content' as const, order: 1, icon: (() => null) as never, key: 'l' } }];

  it('g and a letter go somewhere, other keys do what they are for', () => {
    expect(meaning('g', false, pages)).toBe('prefix');
    expect(meaning('l', true, pages)).toEqual({ go: '/library' });
    expect(meaning('l', false, pages)).toBeNull();
    expect(meaning('x', true, pages)).toBeNull();
    expect(meaning('?', false, pages)).toBe('keys');
  });
});
