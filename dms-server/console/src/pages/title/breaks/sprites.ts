/** The small pictures of a title along a line of time. Pure. */

import { readStamp } from '../captions/stamp';

/** A place in the sheet of pictures, px, from a moment on. */
export interface Sprite {
  readonly startMs: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const CUE = /^(\S+) +--> .*\r?\n.*#xywh=(\d+),(\d+),(\d+),(\d+)\s*$/gm;

/** The places that a storyboard names, in their order; what is no place is passed over. */
export function readStoryboard(text: string): Sprite[] {
  return [...text.matchAll(CUE)].flatMap(([, start = '', ...place]) => {
    const startMs = readStamp(start);
    const [x = 0, y = 0, width = 0, height = 0] = place.map(Number);
    return startMs !== null && width > 0 && height > 0 ? [{ startMs, x, y, width, height }] : [];
  });
}

/** The picture of a moment. */
export function spriteAt(sprites: readonly Sprite[], ms: number): Sprite | null {
  return sprites.findLast(({ startMs }) => startMs <= ms) ?? sprites[0] ?? null;
}

/** So many pictures, each of the middle of its part of the time. */
export function strip(sprites: readonly Sprite[], count: number, durationMs: number): Sprite[] {
  if (sprites.length === 0) return [];
  return Array.from({ length: count }, (_, at) => spriteAt(sprites, ((at + 0.5) / count) * durationMs) as Sprite);
}
