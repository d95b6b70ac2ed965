import { describe, expect, it } from 'vitest';
import {
  addBreak,
  BREAKS_MAX,
  type Breaks,
  edgeBreak,
  editBreak,
  faultOf,
  fromViews,
  movedBy,
  moveBreak,
  pointedAt,
  putBack,
  ratioOf,
  removeBreak,
  same,
  unreached,
} from '../../src/pages/title/breaks/breaks';
import { readStoryboard, spriteAt, strip } from '../../src/pages/title/breaks/sprites';

const LONG = 60_000;
const list = (...times: number[]): Breaks => fromViews(times.map((at_ms, at) => ({ id: at + 1, at_ms })));
const said = (breaks: Breaks) => breaks.map(({ id, at_ms: ms }) => [id, ms]);

describe('breaks', () => {
  it('stand by time, each with a number of its own', () => {
    expect(said(fromViews([{ at_ms: 9 }, { id: 1, at_ms: 5 }, { at_ms: 5 }]))).toEqual([
      [1, 5],
      [3, 5],
      [2, 9],
    ]);
  });

  it('are added within the playing time, and a number is not given twice', () => {
    const { breaks, id } = addBreak(list(5_000), 99_999, LONG, 4) ?? { breaks: [], id: 0 };
    expect([id, said(breaks)]).toEqual([
      5,
      [
        [1, 5_000],
        [5, LONG],
      ],
    ]);
    expect(addBreak(list(...new Array<number>(BREAKS_MAX).fill(0)), 0, LONG)).toBeNull();
  });

  it('are moved as far as what they replace goes with them', () => {
    const replacing = editBreak(list(5_000, 20_000), 1, { resume_ms: 10_000 });
    expect(said(moveBreak(replacing, 1, LONG, LONG))).toEqual([
      [2, 20_000],
      [1, 50_000],
    ]);
    expect(said(moveBreak(replacing, 1, -5, LONG))[0]).toEqual([1, 0]);
  });

  it('are put back as they were', () => {
    const before = list(1_000, 2_000);
    const after = removeBreak(before, 1);
    expect(said(after)).toEqual([[2, 2_000]]);
    const [gone] = before;
    if (!gone) throw new Error('there is a break');
    expect(same(putBack(after, gone), before)).toBe(true);
    expect(putBack(before, gone)).toBe(before);
  });

  it('are found before and after the content', () => {
    const breaks = list(0, 30_000, LONG);
    expect(edgeBreak(breaks, 'pre', LONG)?.id).toBe(1);
    expect(edgeBreak(breaks, 'post', LONG)?.id).toBe(3);
    expect(edgeBreak(list(30_000), 'post', LONG)).toBeNull();
  });

  it('say what the server would not take, and what nobody reaches', () => {
    const [one] = list(30_000);
    if (!one) throw new Error('there is a break');
    expect(faultOf(one, LONG)).toBeNull();
    expect(faultOf(one, 29_999)).toBe('beyond_end');
    expect(faultOf({ ...one, resume_ms: 30_001 }, LONG)).toBe('replaces_too_much');
    expect([0, 86_400_001].map((length_ms) => faultOf({ ...one, length_ms }, LONG))).toEqual(['length', 'length']);
    const breaks = editBreak(list(10_000, 15_000, 20_000), 1, { resume_ms: 10_000 });
    expect([...unreached(breaks)]).toEqual([2]);
  });
});

describe('the line', () => {
  const key = (name: string, more: { shiftKey?: boolean; ctrlKey?: boolean } = {}) => ({
    key: name,
    shiftKey: false,
    ctrlKey: false,
    ...more,
  });

  it('is walked along by keys', () => {
    expect(movedBy(key('ArrowRight'), 5_000, LONG)).toBe(6_000);
    expect(movedBy(key('ArrowLeft', { shiftKey: true }), 5_000, LONG)).toBe(0);
    expect(movedBy(key('ArrowLeft', { ctrlKey: true }), 5_000, LONG)).toBe(4_900);
    expect(movedBy(key('End'), 5_000, LONG)).toBe(LONG);
    expect(movedBy(key('x'), 5_000, LONG)).toBeNull();
  });

  it('is pointed at', () => {
    expect(pointedAt(150, 100, 200, LONG)).toBe(15_000);
    expect([pointedAt(0, 100, 200, LONG), pointedAt(900, 100, 200, LONG), pointedAt(5, 0, 0, LONG)]).toEqual([0, LONG, 0]);
    expect([ratioOf(15_000, LONG), ratioOf(1, 0), ratioOf(2 * LONG, LONG)]).toEqual([0.25, 0, 1]);
  });

  it('shows the picture of each part of the time', () => {
    const cue = (from: string, to: string, x: number) => `\n${from} --> ${to}\nsprites.jpg#xywh=${x},0,160,90\n`;
    const text = `WEBVTT\n${cue('00:00:00.000', '00:00:30.000', 0)}${cue('00:00:30.000', '00:01:00.000', 160)}`;
    const sprites = readStoryboard(text);
    expect(sprites).toEqual([
      { startMs: 0, x: 0, y: 0, width: 160, height: 90 },
      { startMs: 30_000, x: 160, y: 0, width: 160, height: 90 },
    ]);
    expect(readStoryboard(text.replaceAll('\n', '\r\n'))).toEqual(sprites);
    expect(spriteAt(sprites, 29_999)?.x).toBe(0);
    expect(strip(sprites, 4, LONG).map(({ x }) => x)).toEqual([0, 0, 160, 160]);
    expect(strip([], 4, LONG)).toEqual([]);
  });
});
