/**
 * What is told of one showing: samples of the media time in, each event once out. Pure, and the same as
 * `dms-server/ads/src/progress.rs`: quartiles and completion are of what was played through, each instant of it counted
 * once. Neither the clock nor a seek makes them.
 */

/** An event of the API. */
export type Happening =
  | 'impression'
  | 'start'
  | 'first_quartile'
  | 'midpoint'
  | 'third_quartile'
  | 'complete'
  | 'progress'
  | 'skip'
  | 'click'
  | 'pause'
  | 'resume'
  | 'mute'
  | 'unmute'
  | 'error';

/** What happens at the player; times in ms of media. */
export type Input =
  | { readonly do: 'sample'; readonly at: number; readonly playing: boolean; readonly muted: boolean }
  | { readonly do: 'seek'; readonly to: number }
  | { readonly do: 'end' | 'skip' | 'click' }
  | { readonly do: 'error'; readonly code: number };

/** One event to tell. */
export interface Said {
  readonly event: Happening;
  readonly mediaMs: number;
  readonly code: number | null;
}

/** A showing as it is kept. */
export interface Kept {
  readonly durationMs: number;
  readonly marks: readonly number[];
  readonly played: readonly (readonly [number, number])[];
  readonly seen: readonly Happening[];
  readonly paused: boolean;
}

/** How much may be missing at the end, ms: players stop a few pictures early. */
const SLACK_MS = 500;
/** Stretches that are kept apart at most. Beyond, the shortest is forgotten: too little is counted, never too much. */
const MAX_STRETCHES = 64;
const QUARTILES: readonly Happening[] = ['first_quartile', 'midpoint', 'third_quartile'];

export class Showing {
  readonly #durationMs: number;
  #marks: number[];
  #played: [number, number][] = [];
  readonly #seen = new Set<Happening>();
  #paused = false;
  #last: { at: number; playing: boolean; muted: boolean } | null = null;
  #told: Said[] = [];

  constructor(durationMs: number, marks: readonly number[] = []) {
    this.#durationMs = durationMs;
    this.#marks = [...new Set(marks)].sort((a, b) => a - b);
  }

  /** One that was kept goes on; where its player is it does not know. */
  static from(kept: Kept): Showing {
    const showing = new Showing(kept.durationMs, kept.marks);
    showing.#played = kept.played.map(([from, to]) => [from, to]);
    for (const event of kept.seen) showing.#seen.add(event);
    showing.#paused = kept.paused;
    return showing;
  }

  keep(): Kept {
    const [played, paused] = [this.#played.map(([from, to]) => [from, to] as const), this.#paused];
    return { durationMs: this.#durationMs, marks: [...this.#marks], played, seen: [...this.#seen], paused };
  }

  /** How much of it was played, ms. */
  get playedMs(): number {
    return this.#played.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  /** Whether it ended: nothing is to come any more. */
  get isOver(): boolean {
    return this.#seen.has('skip') || this.#seen.has('error');
  }

  /** Takes what happened; answers what is to be told of it. */
  handle(input: Input): Said[] {
    this.#told = [];
    if (!this.isOver) this.#take(input);
    return this.#told;
  }

  #take(input: Input): void {
    switch (input.do) {
      case 'sample':
        return this.#sample(Math.min(input.at, this.#durationMs), input.playing, input.muted);
      case 'seek':
        if (this.#last) this.#last.at = Math.min(input.to, this.#durationMs);
        return;
      case 'end':
        return this.#end();
      case 'error':
        return this.#tell('error', this.#last?.at ?? 0, input.code);
      case 'skip':
        if (this.#seen.has('complete')) return;
        return this.#tell('skip', this.#last?.at ?? 0);
      case 'click':
        return this.#tell('click', this.#last?.at ?? 0);
    }
  }

  #sample(at: number, playing: boolean, muted: boolean): void {
    const last = this.#last;
    this.#last = { at, playing, muted };
    if (playing && !this.#seen.has('start')) {
      this.#tell('impression', at);
      this.#tell('start', at);
    }
    if (last?.playing && at > last.at) {
      this.#cover(last.at, at);
      this.#tellPlayed();
    }
    const began = this.#seen.has('start') && !this.#seen.has('complete');
    if (!began) return;
    const atEnd = at + this.#slack >= this.#durationMs;
    if (!atEnd && !playing && last?.playing) {
      this.#paused = true;
      this.#tell('pause', at);
    }
    if (playing && this.#paused) {
      this.#paused = false;
      this.#tell('resume', at);
    }
    if (last && last.muted !== muted) this.#tell(last.muted ? 'unmute' : 'mute', at);
  }

  /** A player that says so played on to the end; what it skipped is missing all the same. */
  #end(): void {
    const last = this.#last;
    if (!last) return;
    const { at, playing } = last;
    this.#last = { ...last, at: this.#durationMs, playing: false };
    if (playing && at < this.#durationMs) this.#cover(at, this.#durationMs);
    this.#tellPlayed();
  }

  #tellPlayed(): void {
    const played = this.playedMs;
    while (this.#marks[0] !== undefined && this.#marks[0] <= played) {
      this.#told.push({ event: 'progress', mediaMs: this.#marks.shift() ?? 0, code: null });
    }
    for (const [index, event] of QUARTILES.entries()) {
      if (played * 4 >= this.#durationMs * (index + 1)) this.#tell(event, played);
    }
    if (played + this.#slack >= this.#durationMs) this.#tell('complete', played);
  }

  /** Of a short creative only a twentieth may be missing. */
  get #slack(): number {
    return Math.min(SLACK_MS, Math.floor(this.#durationMs / 20));
  }

  #cover(from: number, to: number): void {
    const apart: [number, number][] = [];
    for (const [begin, end] of this.#played) {
      if (end < from || begin > to) apart.push([begin, end]);
      else [from, to] = [Math.min(from, begin), Math.max(to, end)];
    }
    apart.push([from, to]);
    if (apart.length > MAX_STRETCHES) {
      const length = ([begin, end]: [number, number]) => end - begin;
      apart.splice(apart.indexOf(apart.reduce((a, b) => (length(b) < length(a) ? b : a))), 1);
    }
    this.#played = apart.sort(([a], [b]) => a - b);
  }

  #tell(event: Happening, mediaMs: number, code: number | null = null): void {
    if (this.#seen.has(event)) return;
    this.#seen.add(event);
    this.#told.push({ event, mediaMs, code });
  }
}
