/** A list of cues, and what an editor does with it. Pure: every edit gives a new list, in order of the beginnings. */

export interface Cue {
  /** Names it for as long as the page is open. */
  readonly key: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Where on the picture, as WebVTT says it. */
  readonly settings: string;
  readonly text: string;
}

export type Cues = readonly Cue[];

/** The longest text of a cue, characters; the server has the same. */
export const TEXT_MAX = 1_000;
/** The most cues; the server has the same. */
export const CUES_MAX = 50_000;
/** How long a new cue is shown, ms. */
const NEW_MS = 2_000;
/** Nobody reads what is shown for less, ms. */
export const LEAST_MS = 300;

let last = 0;

/** Gives cues their keys. */
export function keyed(cues: readonly Omit<Cue, 'key'>[]): Cue[] {
  return cues.map((cue) => {
    last += 1;
    return { key: last, ...cue };
  });
}

/** Where a cue with this beginning belongs: behind those that begin no later. */
function placeOf(cues: Cues, startMs: number): number {
  let [low, high] = [0, cues.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cues[middle]?.startMs ?? 0) <= startMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The cue that is shown at a moment, or was last; -1: none was yet. */
export function cueAt(cues: Cues, ms: number): number {
  return placeOf(cues, ms) - 1;
}

/** Another text, or times; it moves to where its beginning belongs. */
export function edit(cues: Cues, at: number, change: Partial<Omit<Cue, 'key'>>): Cues {
  const old = cues[at];
  if (!old) return cues;
  const cue = { ...old, ...change };
  const inOrder =
    (cues[at - 1]?.startMs ?? Number.NEGATIVE_INFINITY) <= cue.startMs &&
    cue.startMs <= (cues[at + 1]?.startMs ?? Number.POSITIVE_INFINITY);
  if (inOrder) return cues.with(at, cue);
  const rest = cues.toSpliced(at, 1);
  return rest.toSpliced(placeOf(rest, cue.startMs), 0, cue);
}

/** A new cue that begins here; it ends where the next one begins, if that leaves time to read it. */
export function add(cues: Cues, startMs: number): { cues: Cues; at: number } {
  const at = placeOf(cues, startMs);
  const room = (cues[at]?.startMs ?? Number.POSITIVE_INFINITY) - startMs;
  const endMs = startMs + (room >= LEAST_MS ? Math.min(NEW_MS, room) : NEW_MS);
  return { cues: cues.toSpliced(at, 0, ...keyed([{ startMs, endMs, settings: '', text: '' }])), at };
}

export function remove(cues: Cues, at: number): Cues {
  return cues.toSpliced(at, 1);
}

/** Cuts a cue in two: the text at this character, the time in proportion to the text. */
export function split(cues: Cues, at: number, character: number): Cues {
  const cue = cues[at];
  if (!cue) return cues;
  const length = Math.max(1, cue.text.length);
  const cut = Math.min(Math.max(0, character), cue.text.length);
  const share = cut === 0 || cut === cue.text.length ? 0.5 : cut / length;
  const long = cue.endMs - cue.startMs;
  if (long < 2) return cues;
  const middle = cue.startMs + Math.min(long - 1, Math.max(1, Math.round(long * share)));
  const [second] = keyed([{ ...cue, startMs: middle, text: cue.text.slice(cut).trim() }]);
  if (!second) return cues;
  const first = { ...cue, endMs: middle, text: cue.text.slice(0, cut).trim() };
  const rest = cues.with(at, first);
  return rest.toSpliced(placeOf(rest, middle), 0, second);
}

/** A cue and the next one as one. */
export function merge(cues: Cues, at: number): Cues {
  const [first, second] = [cues[at], cues[at + 1]];
  if (!first || !second) return cues;
  const text = [first.text, second.text].filter((part) => part !== '').join('\n');
  const endMs = Math.max(first.endMs, second.endMs);
  return cues.toSpliced(at, 2, { ...first, endMs, text });
}

/** What is wrong with a cue, or hardly meant. */
export type Fault = 'overlap' | 'ends_before_it_begins' | 'no_text' | 'too_long' | 'beyond_end';

/** The faults of each cue that has one. `durationMs`: where the title ends; 0: nobody knows. */
export function faultsOf(cues: Cues, durationMs = 0): Map<number, Fault> {
  const found = new Map<number, Fault>();
  let shownUntil = 0;
  cues.forEach(({ startMs, endMs, text }, at) => {
    if (endMs <= startMs) found.set(at, 'ends_before_it_begins');
    else if (text.trim() === '') found.set(at, 'no_text');
    else if (text.length > TEXT_MAX) found.set(at, 'too_long');
    else if (startMs < shownUntil) found.set(at, 'overlap');
    else if (durationMs > 0 && endMs > durationMs) found.set(at, 'beyond_end');
    shownUntil = Math.max(shownUntil, endMs);
  });
  return found;
}

/** Whether the server would refuse the list for this. */
export function isRefused(fault: Fault): boolean {
  return fault === 'ends_before_it_begins' || fault === 'too_long';
}

/**
 * The same cues, none of which begins before the one before it ends. The earlier one ends sooner, if that leaves time to
 * read it; otherwise the later one begins later.
 */
export function withoutOverlaps(cues: Cues): Cues {
  const out: Cue[] = [];
  for (const cue of cues) {
    const before = out.at(-1);
    if (!before || cue.startMs >= before.endMs) {
      out.push(cue);
    } else if (cue.startMs - before.startMs >= LEAST_MS) {
      out[out.length - 1] = { ...before, endMs: cue.startMs };
      out.push(cue);
    } else {
      const startMs = before.endMs;
      out.push({ ...cue, startMs, endMs: Math.max(cue.endMs, startMs + LEAST_MS) });
    }
  }
  return out;
}
