import { describe, expect, it } from 'vitest';
import { addChapter, chapterFaults, editChapter } from '../../src/pages/title/captions/chapters';
import {
  add,
  type Cue,
  cueAt,
  type Cues,
  edit,
  faultsOf,
  keyed,
  LEAST_MS,
  merge,
  remove,
  split,
  withoutOverlaps,
} from '../../src/pages/title/captions/cues';
import { readStamp, stamp } from '../../src/pages/title/captions/stamp';
import { cueAtLine, readVtt, writeVtt } from '../../src/pages/title/captions/vtt';

const list = (...times: (readonly [number, number, string?])[]): Cue[] =>
  keyed(times.map(([startMs, endMs, text = 'x']) => ({ startMs, endMs, settings: '', text })));
const times = (cues: Cues) => cues.map(({ startMs, endMs }) => [startMs, endMs]);

describe('times', () => {
  it('are read as people write them', () => {
    expect(['1:23.25', '01:02:03,5', '83.2', '0:00', '100:00:00.000'].map(readStamp)).toEqual([
      83_250, 3_723_500, 83_200, 0, 360_000_000,
    ]);
    expect(['', '1:60', '61:00', 'x', '1:2:3:4', '-1', '1:00:00.0000', '999999:00'].map(readStamp)).toEqual(
      new Array(8).fill(null),
    );
    for (const ms of [0, 1, 83_250, 3_600_000, 359_999_999]) expect(readStamp(stamp(ms))).toBe(ms);
  });
});

describe('a file', () => {
  it('is the same after it was read and written', () => {
    const file = 'WEBVTT\n\n00:00:01.000 --> 00:00:02.000 align:start\nFish &amp; &lt;chips&gt;\nagain\n\n00:00:03.000 --> 00:00:04.500\nEnd\n';
    const cues = readVtt(file);
    expect(cues.map(({ text }) => text)).toEqual(['Fish & <chips>\nagain', 'End']);
    expect(cues[0]).toMatchObject({ startMs: 1_000, endMs: 2_000, settings: 'align:start' });
    const written = writeVtt(cues);
    expect(written.file).toBe(file);
    expect([1, 2, 3, 5, 6, 7, 8, 99].map((line) => cueAtLine(written, line))).toEqual([null, null, 0, 0, 0, 1, 1, 1]);
    expect(readVtt('no file at all')).toEqual([]);
  });

  it('is not ended early by what somebody types', () => {
    const text = 'one\n\n  \ntwo --> three &amp; <b>';
    const written = writeVtt(keyed([{ startMs: 0, endMs: 1, settings: '', text }]));
    expect(readVtt(written.file)[0]?.text).toBe('one\ntwo --> three &amp; <b>');
  });
});

describe('edits', () => {
  const cues = list([0, 1_000, 'a'], [1_000, 2_000, 'b'], [5_000, 6_000, 'c']);
  it('keep the order of the beginnings', () => {
    expect(edit(cues, 0, { text: 'A' }).map(({ text }) => text)).toEqual(['A', 'b', 'c']);
    expect(edit(cues, 0, { startMs: 4_000, endMs: 4_500 }).map(({ text }) => text)).toEqual(['b', 'a', 'c']);
    expect(edit(cues, 2, { startMs: 0 }).map(({ text }) => text)).toEqual(['a', 'c', 'b']);
    expect(edit(cues, 9, { text: 'x' })).toBe(cues);
    expect(remove(cues, 1).map(({ text }) => text)).toEqual(['a', 'c']);
    expect([-1, 0, 999, 1_000, 4_999, 9_000].map((ms) => cueAt(cues, ms))).toEqual([-1, 0, 0, 1, 1, 2]);
  });

  it('add where there is room', () => {
    expect(times(add(cues, 2_500).cues)[2]).toEqual([2_500, 4_500]);
    expect(times(add(cues, 4_000).cues)[2]).toEqual([4_000, 5_000]);
    const crowded = add(cues, 4_900);
    expect([crowded.at, times(crowded.cues)[2]]).toEqual([2, [4_900, 6_900]]);
    expect(times(add([], 0).cues)).toEqual([[0, 2_000]]);
  });

  it('split the time as the text, and merge', () => {
    const [cue] = list([1_000, 2_000, 'abcd efgh']);
    const two = split(cue ? [cue] : [], 0, 4);
    expect(two.map(({ text }) => text)).toEqual(['abcd', 'efgh']);
    expect(times(two)).toEqual([[1_000, 1_444], [1_444, 2_000]]);
    expect(times(split(list([0, 100, 'abc']), 0, 3))).toEqual([[0, 50], [50, 100]]);
    expect(times(split(list([0, 1]), 0, 0))).toEqual([[0, 1]]);
    expect(merge(two, 0)).toMatchObject([{ startMs: 1_000, endMs: 2_000, text: 'abcd\nefgh' }]);
    expect(merge(two, 1)).toBe(two);
  });
});

describe('faults', () => {
  it('are found, the worst of each cue', () => {
    const cues = list([0, 5_000], [1_000, 2_000], [3_000, 3_000], [6_000, 7_000, ' '], [8_000, 9_000]);
    expect([...faultsOf(cues, 8_500)]).toEqual([
      [1, 'overlap'],
      [2, 'ends_before_it_begins'],
      [3, 'no_text'],
      [4, 'beyond_end'],
    ]);
  });

  it('of overlapping are put right without moving what is in order', () => {
    expect(times(withoutOverlaps(list([0, 2_000], [1_000, 3_000])))).toEqual([[0, 1_000], [1_000, 3_000]]);
    expect(times(withoutOverlaps(list([0, 2_000], [100, 3_000])))).toEqual([[0, 2_000], [2_000, 3_000]]);
    expect(times(withoutOverlaps(list([0, 2_000], [100, 1_000])))).toEqual([[0, 2_000], [2_000, 2_000 + LEAST_MS]]);
    const fine = list([0, 1_000], [1_000, 2_000]);
    expect(withoutOverlaps(fine)).toEqual(fine);
    // Any mess at all, drawn by a fixed rule.
    let seed = 7;
    const drawn = (most: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % most;
    };
    const mess = Array.from({ length: 2_000 }, () => drawn(600_000)).sort((a, b) => a - b);
    const fixed = withoutOverlaps(list(...mess.map((ms) => [ms, ms + 1 + drawn(9_000)] as const)));
    expect(fixed).toHaveLength(mess.length);
    expect([...faultsOf(fixed).values()]).toEqual([]);
  });
});

describe('chapters', () => {
  it('are added at a time, in order, each time once', () => {
    const two = addChapter([{ start_ms: 5_000, title: 'B' }], 0, 'A') ?? [];
    expect(two.map(({ title }) => title)).toEqual(['A', 'B']);
    expect(addChapter(two, 5_000.4, 'C')).toBeNull();
    expect(editChapter(two, 0, { start_ms: 9_000 }).map(({ title }) => title)).toEqual(['B', 'A']);
    expect([...chapterFaults([...two, { start_ms: 5_000, title: 'x' }, { start_ms: 9_000, title: ' ' }], 4_000)]).toEqual([
      [1, 'beyond_end'],
      [2, 'same_time'],
      [3, 'no_name'],
    ]);
  });
});
