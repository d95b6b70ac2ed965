/** The breaks of a title, and what an editor does with them. Pure. */

import type { Schema } from '~/api/client';

type View = Schema<'BreakView'>;

/** A break that the editor has: each has its number, also before it is saved. */
export interface Break extends View {
  readonly id: number;
  readonly length_ms: number | null;
  readonly resume_ms: number;
  readonly hold: boolean;
}

export type Breaks = readonly Break[];

/** What the server takes. */
export const BREAKS_MAX = 500;
export const LENGTH_MAX_MS = 24 * 3_600_000;

/** How far a key moves a break, ms. */
const STEP_MS = 1_000;
const FAR_MS = 10_000;
const FINE_MS = 100;

const inOrder = (breaks: Breaks) => breaks.toSorted((a, b) => a.at_ms - b.at_ms || a.id - b.id);

const within = (ms: number, longest: number) => Math.round(Math.min(Math.max(0, ms), Math.max(0, longest)));

/** As the server says them. */
export function fromViews(views: readonly View[]): Breaks {
  const used = new Set(views.map(({ id }) => id));
  let next = 1;
  const free = () => {
    while (used.has(next)) next += 1;
    used.add(next);
    return next;
  };
  return inOrder(
    views.map((view) => ({
      ...view,
      id: view.id ?? free(),
      length_ms: view.length_ms ?? null,
      resume_ms: view.resume_ms ?? 0,
      hold: view.hold ?? false,
    })),
  );
}

/** The breaks with one more, and its number; none when there is no room. A number is not given twice while `last` grows. */
export function addBreak(breaks: Breaks, atMs: number, durationMs: number, last = 0): { breaks: Breaks; id: number } | null {
  if (breaks.length >= BREAKS_MAX) return null;
  const id = Math.max(last, ...breaks.map((one) => one.id)) + 1;
  const made: Break = { id, at_ms: within(atMs, durationMs), length_ms: null, resume_ms: 0, hold: false, origin: 'hand' };
  return { breaks: inOrder([...breaks, made]), id };
}

export function editBreak(breaks: Breaks, id: number, change: Partial<Break>): Breaks {
  return inOrder(breaks.map((one) => (one.id === id ? { ...one, ...change } : one)));
}

/** What it replaces goes with it, so it stops where that would reach beyond the end. */
export function moveBreak(breaks: Breaks, id: number, toMs: number, durationMs: number): Breaks {
  const found = breaks.find((one) => one.id === id);
  return found ? editBreak(breaks, id, { at_ms: within(toMs, durationMs - found.resume_ms) }) : breaks;
}

export function removeBreak(breaks: Breaks, id: number): Breaks {
  return breaks.filter((one) => one.id !== id);
}

/** Puts one back that was removed, unless its number is taken by now. */
export function putBack(breaks: Breaks, removed: Break): Breaks {
  return breaks.some(({ id }) => id === removed.id) ? breaks : inOrder([...breaks, removed]);
}

/** The break before the content, or after it. */
export function edgeBreak(breaks: Breaks, edge: 'pre' | 'post', durationMs: number): Break | null {
  return breaks.find(({ at_ms: ms }) => (edge === 'pre' ? ms === 0 : ms >= durationMs)) ?? null;
}

interface Pressed {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
}

/** Where a key leads from a moment; null when the key does not move. */
export function movedBy({ key, shiftKey, ctrlKey }: Pressed, ms: number, durationMs: number): number | null {
  const step = ctrlKey ? FINE_MS : shiftKey ? FAR_MS : STEP_MS;
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return within(ms + step, durationMs);
    case 'ArrowLeft':
    case 'ArrowDown':
      return within(ms - step, durationMs);
    case 'PageUp':
      return within(ms + FAR_MS, durationMs);
    case 'PageDown':
      return within(ms - FAR_MS, durationMs);
    case 'Home':
      return 0;
    case 'End':
      return durationMs;
    default:
      return null;
  }
}

/** How far along the line a moment is, 0 to 1. */
export function ratioOf(ms: number, durationMs: number): number {
  return durationMs > 0 ? Math.min(1, Math.max(0, ms / durationMs)) : 0;
}

/** The moment that a pointer points at; `left` and `width` are the line's, px. */
export function pointedAt(x: number, left: number, width: number, durationMs: number): number {
  return width > 0 ? within(((x - left) / width) * durationMs, durationMs) : 0;
}

export type BreakFault = 'beyond_end' | 'replaces_too_much' | 'length';

/** Why the server would not take it; null: it would. */
export function faultOf({ at_ms: ms, resume_ms: resume, length_ms: length }: Break, durationMs: number): BreakFault | null {
  if (ms > durationMs) return 'beyond_end';
  if (ms + resume > durationMs) return 'replaces_too_much';
  if (length !== null && (length < 1 || length > LENGTH_MAX_MS)) return 'length';
  return null;
}

/** The numbers of breaks that nobody reaches by playing: another break replaces the content that they stand in. */
export function unreached(breaks: Breaks): ReadonlySet<number> {
  const found = new Set<number>();
  let until = 0;
  for (const { id, at_ms: ms, resume_ms: resume } of breaks) {
    if (ms < until) found.add(id);
    else until = ms + resume;
  }
  return found;
}

/** Whether two lists say the same. */
export function same(a: Breaks, b: Breaks): boolean {
  const said = (breaks: Breaks) =>
    JSON.stringify(breaks.map((one) => [one.id, one.at_ms, one.length_ms, one.resume_ms, one.hold, one.origin, one.scte35 ?? null]));
  return said(a) === said(b);
}
