import { describe, expect, it } from 'vitest';
import type { Title } from '../../src/net/api';
import { licensedOnly, variants } from '../../src/play/master';
import { readAddress, seconds } from '../../src/watch/address';
import { autoplays } from '../../src/watch/autoplay';
import { chapterFrom, lineAt, matching, preferred, readLines } from '../../src/watch/lines';
import { addressOf, following } from '../../src/watch/next';
import { playable } from '../../src/watch/offline';
import { refusalOf } from '../../src/watch/refusals';
import { type QualityFacts, whyQuality } from '../../src/watch/why';
import { remaining } from '../../src/ui/format';

const VTT = `WEBVTT

STYLE
::cue { color: red }

NOTE nothing

1
00:01.000 --> 00:02.500 align:start
<v Ana>Welcome &amp; hello</v>

00:03.000 --> 00:04.000
Zürich,
next year

1:00:00.000 --> 1:00:01.000
The end
`;

describe('captions as lines', () => {
  const lines = readLines(VTT);

  it('are read in order, as plain text', () => {
    expect(lines).toEqual([
      { start: 1, end: 2.5, text: 'Welcome & hello' },
      { start: 3, end: 4, text: 'Zürich, next year' },
      { start: 3600, end: 3601, text: 'The end' },
    ]);
    expect(readLines(VTT.replaceAll('\n', '\r\n'))).toEqual(lines);
    expect(readLines('')).toEqual([]);
    expect(readLines('WEBVTT\n\n00:99.000 --> x\nno')).toEqual([]);
  });

  it('are marked by the time', () => {
    expect([0, 1, 2.9, 3, 99, 4000].map((at) => lineAt(lines, at))).toEqual([-1, 0, 0, 1, 1, 2]);
  });

  it('are found without case and accents', () => {
    expect(matching(lines, 'ZURICH')).toEqual([1]);
    expect(matching(lines, 'year next')).toEqual([1]);
    expect(matching(lines, '')).toEqual([0, 1, 2]);
    expect(matching(lines, 'nothing of it')).toEqual([]);
  });

  it('come in the language chosen, else in one of the person', () => {
    const there = ['de', 'en-GB', 'fr'];
    expect(preferred(there, 'fr', ['de'])).toBe('fr');
    expect(preferred(there, null, ['en-US', 'de'])).toBe('en-GB');
    expect(preferred(there, 'es', ['ko'])).toBe('de');
    expect(preferred([], 'de', ['de'])).toBeNull();
  });
});

describe('chapters', () => {
  const chapters = [0, 10, 20].map((start) => ({ start, end: start + 10, text: `at ${start}` }));

  it.each([
    [5, 1, 10],
    [25, 1, null],
    [15, -1, 10],
    [11, -1, 0],
    [1, -1, 0],
    [5, -1, 0],
  ] as const)('from %i by %i', (at, by, want) => {
    expect(chapterFrom(chapters, at, by)?.start ?? null).toBe(want);
  });
});

describe('the address', () => {
  it.each([
    ['93', 93],
    ['93.5', 93.5],
    ['1:33', 93],
    ['1:02:03', 3723],
    ['1m33s', 93],
    ['2h', 7200],
    ['', null],
    ['-1', null],
    ['1e9', null],
    ['soon', null],
  ])('t=%s', (text, want) => {
    expect(seconds(text)).toBe(want);
  });

  it('is of a watch page or of a frame, with t or at', () => {
    const id = '0192f0c1-2345-7000-8000-000000000000';
    const read = (rest: string) => readAddress(new URL(`https://video.example${rest}`));
    expect(read(`/embed/${id}?t=5`)).toMatchObject({ title: id, at: 5 });
    expect(read(`/watch/${id}?at=7`)).toMatchObject({ title: id, at: 7 });
    expect(read(`/other/${id}`).title).toBeNull();
  });
});

const MASTER = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS="a"
7/1/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=4000000,RESOLUTION=1920x1080,CODECS="a"
7/2/index.m3u8
`;

describe('the master playlist', () => {
  it('is cut down to what the licence opens', () => {
    expect(variants(MASTER).map(({ track, height }) => [track, height])).toEqual([
      [1, 360],
      [2, 1080],
    ]);
    expect(variants(licensedOnly(MASTER, new Set([1, 3]))).map(({ track }) => track)).toEqual([1]);
    expect(licensedOnly(MASTER, new Set([1, 2, 3]))).toBe(MASTER);
    expect(licensedOnly(MASTER, new Set([3]))).toBe(MASTER);
  });
});

describe('why this quality', () => {
  const [low, mid, high] = [
    { width: 640, height: 360, bitrate: 800_000 },
    { width: 1280, height: 720, bitrate: 2_500_000 },
    { width: 1920, height: 1080, bitrate: 5_000_000 },
  ] as const;
  const ladder = [low, mid, high];
  const facts: QualityFacts = {
    now: mid,
    all: ladder,
    licensed: ladder,
    playable: ladder,
    chosen: null,
    screen: { width: 3840, height: 2160 },
    dataSaver: false,
    saverLines: 480,
    measured: 4_000_000,
    office: false,
  };

  it.each<[string, Partial<QualityFacts>, string]>([
    ['before the first picture', { now: null }, 'has not started'],
    ['the person chose', { chosen: mid }, 'chose this yourself'],
    ['the best', { now: high }, 'the best this video has'],
    ['the network', {}, 'Your connection gives 4.0 Mbit/s at the moment, and 1080 lines need 6.3 Mbit/s'],
    ['the office network', { office: true }, 'Your office network gives'],
    ['about to rise', { measured: 9_000_000 }, 'enough for more'],
    ['not measured', { measured: 0 }, 'still being measured'],
    ['the size', { screen: { width: 1200, height: 675 } }, 'More would not show in a picture of this size. In full screen'],
    ['the policy', { licensed: [low, mid], playable: [low, mid] }, 'allows no more than 720 of its 1080 lines'],
    ['the decoder', { playable: [low, mid] }, 'this browser cannot decode them'],
    ['data saver', { now: low, dataSaver: true }, 'Data is being saved, so it goes no higher than 480 lines'],
  ])('%s', (_, changed, said) => {
    const sentence = whyQuality({ ...facts, ...changed });
    expect(sentence).toContain(said);
    expect(sentence).not.toMatch(/undefined|NaN|null|ABR|level|bitrate/i);
  });
});

describe('refusals', () => {
  const unseen = { seen: false, aheadMs: 0, opensMs: null, endsMs: null, owner: null, maxHeight: null, denied: null };
  const seen = { ...unseen, seen: true, opensMs: 5 };

  it('have their cards', () => {
    expect(refusalOf({ code: 'title_not_found', denial: null }, unseen)).toBe('ask');
    expect(refusalOf({ code: 'title_not_found', denial: null }, null)).toBeNull();
    expect(refusalOf({ code: 'forbidden', denial: 'not_in_audience' }, seen)).toBe('ask');
    expect(refusalOf({ code: 'forbidden', denial: 'over' }, seen)).toBe('over');
    expect(refusalOf({ code: 'forbidden', denial: 'embargo' }, seen)).toBe('opens');
    expect(refusalOf({ code: 'forbidden', denial: 'not_yet' }, null)).toBe('other');
    expect(refusalOf({ code: 'forbidden', denial: 'not_here' }, seen)).toBe('other');
    expect(refusalOf({ code: 'server_error', denial: null }, seen)).toBeNull();
  });

  it('count down in words', () => {
    expect([-5, 8_001, 3_723_000, 90_000_000, 200_000_000].map(remaining)).toEqual([
      '0:00',
      '0:09',
      '1:02:03',
      '1 day, 1 h',
      '2 days, 7 h',
    ]);
  });

  it('offline, say what can be watched', () => {
    expect(playable(0, null)).toEqual([expect.stringContaining('nothing to watch')]);
    expect(playable(75, 2)).toEqual([expect.stringContaining('1:15'), expect.stringContaining('2 videos are')]);
  });
});

describe('what is next', () => {
  const title = (id: string, changed: Partial<Title> = {}) =>
    ({ id, kind: 'video', state: 'complete', ...changed }) as Title;

  it('is a video that can be played, and not this one', () => {
    const titles = [title('a'), title('b', { kind: 'file' }), title('c', { state: 'queued' }), title('d')];
    expect(following(titles, 'a').map(({ id }) => id)).toEqual(['d']);
  });

  it('begins by itself when chosen, else unless motion is to be spared', () => {
    expect([autoplays(null, false), autoplays(null, true), autoplays('on', true), autoplays('off', false)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('keeps the agent and nothing else of the address', () => {
    const here = new URL('https://video.example/watch/a?agent=http://127.0.0.1:7747&t=5');
    expect(addressOf('b', here)).toBe('/watch/b?agent=http%3A%2F%2F127.0.0.1%3A7747');
  });
});
