/** The breaks of one playback: asks what fills them, plays that over the content, and lets the content go on. */

import type { PlayReport } from '../play/report';
import type { Route } from '../play/route';
import { Creative, ShowError, after } from './creative';
import { type AdList, type Asset, askList } from './list';
import { drawMarks } from './marks';
import { outbox } from './outbox';
import { Panel } from './panel';
import { type Break, ahead, breaksOf, crossed, jumped } from './ranges';

/** What a playback with breaks is made of. */
export interface BreaksParts {
  readonly title: string;
  readonly video: HTMLVideoElement;
  readonly player: HTMLElement;
  readonly route: Route;
  readonly report: PlayReport;
}

/** What became of one break, for the page's report. */
export interface BreakReport {
  readonly id: number;
  readonly at: number;
  filled: boolean;
  /** From its time to the first picture of what fills it, ms; null: nothing did. */
  delayMs: number | null;
  /** How long the content stood still beside what was shown, ms. */
  stillMs: number;
  readonly instances: string[];
  readonly events: string[];
  readonly errors: number[];
}

/** How far ahead of a break its list is asked for and its first creative loaded, seconds. */
const AHEAD_S = 8;
/** How long the server may take for a list, ms. */
const LIST_MS = 6_000;
/** How long the content stands still for a break at its time, ms: list, licence and first picture together. */
const BUDGET_MS = 1_000;
/** The same before the content has begun: the list first, then the first picture. */
const PRE_LIST_MS = 1_500;
const PRE_PICTURE_MS = 2_500;
/** What a creative that was loaded ahead always gets, ms. */
const LOADED_MS = 300;
/** How long the content may take to go on under the last picture, ms. */
const RETURN_MS = 500;
/** Breaks that were jumped over and are asked whether they have to be seen. */
const MAX_ASKED = 3;
/** Breaks in the report at most. */
const MAX_REPORTS = 500;

/** A list that was asked for, and the first creative of it. */
interface Prepared {
  /** Undefined before there is an answer. */
  list: AdList | null | undefined;
  readonly answer: Promise<AdList | null>;
  first: Creative | null;
}

export class Breaks {
  readonly #parts: BreaksParts;
  readonly #panel: Panel;
  readonly #outbox = outbox();
  readonly #session = crypto.randomUUID();
  readonly #prepared = new Map<number, Prepared>();
  readonly #played = new Set<number>();
  readonly #reports = new Map<number, BreakReport>();
  #breaks: readonly Break[] = [];
  /** What is played as soon as the content would. */
  #waiting: readonly Break[] = [];
  #isBusy = false;
  #hasBegun = false;
  #last = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #current: Creative | null = null;
  #stop = new AbortController();

  constructor(parts: BreaksParts) {
    this.#parts = parts;
    const deeds = { skip: () => this.#current?.skip(), clicked: () => this.#current?.clicked() };
    this.#panel = new Panel(parts.player, deeds);
    this.#wire();
  }

  /** What became of the breaks so far. */
  get log(): readonly BreakReport[] {
    return [...this.#reports.values()];
  }

  get #open(): Break[] {
    return this.#breaks.filter(({ id }) => !this.#played.has(id));
  }

  /** Takes the breaks of a media playlist; one at the beginning comes before the first picture. */
  learn(playlist: string): void {
    const isNew = this.#breaks.length === 0;
    this.#breaks = breaksOf(playlist);
    this.#mark();
    if (!isNew) return;
    const first = this.#breaks.filter(({ cue }) => cue === 'pre');
    if (first[0]) this.#prepare(first[0]);
    this.#waiting = first;
    if (!this.#parts.video.paused) this.#runWaiting();
  }

  #mark(): void {
    const { player, video } = this.#parts;
    drawMarks(player, video.duration, this.#breaks, this.#played);
  }

  #wire(): void {
    const { video, player } = this.#parts;
    for (const name of ['timeupdate', 'playing', 'ratechange', 'seeked']) {
      video.addEventListener(name, () => this.#arm());
    }
    video.addEventListener('durationchange', () => this.#mark());
    video.addEventListener('playing', () => {
      this.#hasBegun = true;
    });
    video.addEventListener('play', () => {
      // Nothing makes the content play beneath a break.
      if (this.#isBusy) video.pause();
      else this.#runWaiting();
    });
    video.addEventListener('seeking', () => this.#onSeek());
    const atEnd = (event: Event) => {
      const last = this.#open.filter(({ cue }) => cue === 'post');
      if (event.target !== video || last.length === 0) return;
      // Nobody hears of the end before what follows it.
      event.stopImmediatePropagation();
      void this.#run(last).then(() => video.dispatchEvent(new Event('ended')));
    };
    player.addEventListener('ended', atEnd, true);
  }

  #runWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0) void this.#run(waiting);
  }

  /** Looks whether a break is due, and waits for the next. */
  #arm(): void {
    const { video } = this.#parts;
    clearTimeout(this.#timer);
    if (this.#isBusy || video.paused || video.seeking) return;
    const now = video.currentTime;
    const due = crossed(this.#open, this.#last, now);
    this.#last = now;
    if (due) return void this.#run([due]);
    const next = ahead(this.#open, now);
    const last = this.#open.find(({ cue }) => cue === 'post');
    if (next && next.at - now < AHEAD_S) this.#prepare(next);
    else if (last && video.duration - now < AHEAD_S) this.#prepare(last);
    if (!next) return;
    const ms = ((next.at - now) / Math.max(video.playbackRate, 0.1)) * 1000;
    this.#timer = setTimeout(() => this.#arm(), Math.min(Math.max(ms, 4), 1_000));
  }

  #onSeek(): void {
    const { video } = this.#parts;
    const [from, to] = [this.#last, video.currentTime];
    this.#last = to;
    if (!this.#hasBegun || this.#isBusy) return;
    const over = jumped(this.#open, from, to);
    const held = over.filter(({ id, hold }) => hold || this.#prepared.get(id)?.list?.hold);
    if (held.length > 0) {
      this.#waiting = held;
      if (!video.paused) this.#runWaiting();
      return;
    }
    for (const one of over.slice(-MAX_ASKED)) void this.#askWhetherHeld(one);
  }

  /** Whether a break has to be seen is known only when it is known what fills it: meanwhile the content plays. */
  async #askWhetherHeld(one: Break): Promise<void> {
    const list = await this.#ask(one).answer;
    if (!list?.hold || list.assets.length === 0 || this.#played.has(one.id)) return;
    this.#waiting = [...this.#waiting, one];
    if (!this.#parts.video.paused && !this.#isBusy) this.#runWaiting();
  }

  #ask(one: Break): Prepared {
    const known = this.#prepared.get(one.id);
    if (known) return known;
    const answer = askList(this.#parts.title, one.id, this.#session, AbortSignal.timeout(LIST_MS));
    const prepared: Prepared = { list: undefined, answer, first: null };
    this.#prepared.set(one.id, prepared);
    void answer.then((list) => {
      prepared.list = list;
    });
    return prepared;
  }

  /** Asks for the list, and loads its first creative. */
  #prepare(one: Break): Prepared {
    const prepared = this.#ask(one);
    void prepared.answer.then((list) => {
      const asset = list?.assets[0];
      if (!asset || prepared.first || this.#played.has(one.id) || this.#stop.signal.aborted) return;
      for (const other of this.#prepared.values()) {
        // One at a time loads ahead: the place may have changed since.
        other.first?.dispose();
        other.first = null;
      }
      prepared.first = this.#creative(one, asset);
    });
    return prepared;
  }

  #creative(one: Break, asset: Asset): Creative {
    const report = this.#report(one);
    const creative = new Creative(asset, this.#parts.route, ({ event, mediaMs, code }) => {
      report.events.push(event);
      if (event === 'impression') report.instances.push(asset.instance);
      const at = Date.now();
      this.#outbox.add({ instance: asset.instance, event, media_ms: mediaMs, at_ms: at, code, receipt: null });
    });
    creative.video.volume = this.#parts.video.volume;
    creative.video.muted = this.#parts.video.muted;
    this.#panel.hold(creative);
    return creative;
  }

  #report(one: Break): BreakReport {
    const known = this.#reports.get(one.id);
    if (known) return known;
    const { id, at } = one;
    const made = { id, at, filled: false, delayMs: null, stillMs: 0, instances: [], events: [], errors: [] };
    if (this.#reports.size < MAX_REPORTS) this.#reports.set(id, made);
    return made;
  }

  /** Plays breaks one after the other; then the content goes on where it is. */
  async #run(queue: readonly Break[]): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    clearTimeout(this.#timer);
    const { video } = this.#parts;
    const stop = this.#stop.signal;
    try {
      for (const one of queue) {
        if (!stop.aborted) await this.#play(one);
      }
    } finally {
      this.#isBusy = false;
      this.#last = video.currentTime;
      this.#mark();
      if (!stop.aborted) await this.#goOn();
    }
  }

  /** The content plays again before what lies over it goes away. */
  async #goOn(): Promise<void> {
    const { video } = this.#parts;
    if (!video.ended) {
      const playing = new Promise<void>((done) => {
        video.addEventListener('playing', () => done(), { once: true });
      });
      void video.play().catch(() => undefined);
      if (this.#current) await Promise.race([playing, after(RETURN_MS, this.#stop.signal)]);
    }
    const inPicture = document.pictureInPictureElement;
    if (inPicture && inPicture === this.#current?.video) void video.requestPictureInPicture().catch(() => undefined);
    this.#panel.close();
    this.#current?.dispose();
    this.#current = null;
  }

  async #play(one: Break): Promise<void> {
    const due = performance.now();
    this.#played.add(one.id);
    const report = this.#report(one);
    const prepared = this.#prepare(one);
    // What is known to be empty costs the content nothing.
    if (prepared.list === null || prepared.list?.assets.length === 0) return;
    this.#parts.video.pause();
    const stop = this.#stop.signal;
    const patience = one.cue === 'pre' ? PRE_LIST_MS : BUDGET_MS;
    const answer = await Promise.race([prepared.answer, after(patience, stop), this.#stopped()]);
    if (prepared.list === undefined && one.hold) void this.#playLater(one, prepared);
    if (answer && answer.assets.length > 0 && !stop.aborted) {
      const budget = one.cue === 'pre' ? PRE_PICTURE_MS : BUDGET_MS - (performance.now() - due);
      await this.#pod(one, prepared, answer, due, budget);
    }
    if (!report.filled) report.stillMs = Math.round(performance.now() - due);
  }

  /** What has to be seen is seen when its list comes, however late; the content does not wait for it. */
  async #playLater(one: Break, prepared: Prepared): Promise<void> {
    const list = await prepared.answer;
    if (!list || list.assets.length === 0 || this.#stop.signal.aborted) return;
    this.#played.delete(one.id);
    this.#waiting = [...this.#waiting, one];
    if (!this.#parts.video.paused && !this.#isBusy) this.#runWaiting();
  }

  /** Plays what fills a break, one creative after the other. */
  async #pod(one: Break, prepared: Prepared, list: AdList, due: number, budget: number): Promise<void> {
    const report = this.#report(one);
    const { assets } = list;
    let next: Creative | null = prepared.first;
    prepared.first = null;
    let still = due;
    let left = budget;
    const { signal } = this.#stop;
    const stopped = this.#stopped();
    for (const [index, asset] of assets.entries()) {
      if (signal.aborted) break;
      const creative: Creative = next ?? this.#creative(one, asset);
      next = null;
      try {
        await Promise.race([creative.begin(Math.max(left, LOADED_MS)), stopped]);
        if (signal.aborted) {
          creative.dispose();
          break;
        }
        if (!report.filled) this.#filled(one, list, report, due);
        this.#show(creative, index + 1, assets.length);
        const following = assets[index + 1];
        if (following) next = this.#creative(one, following);
        await Promise.race([creative.finish(), stopped]);
        still = performance.now();
      } catch (error) {
        const fault = error instanceof ShowError ? error : new ShowError(400, String(error));
        report.errors.push(fault.code);
        creative.broke(fault);
        // The last one stays seen until the content plays.
        if (creative !== this.#current) creative.dispose();
      }
      left = BUDGET_MS - (performance.now() - still);
    }
    next?.dispose();
  }

  #stopped(): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
  }

  /** The first picture is there: the break counts as played, and the content gets ready for what follows. */
  #filled(one: Break, list: AdList, report: BreakReport, due: number): void {
    const { video, report: page } = this.#parts;
    report.filled = true;
    report.delayMs = Math.round(performance.now() - due);
    report.stillMs = report.delayMs;
    if (one.cue === 'pre') page.startupMs ??= report.delayMs;
    const until = one.at + (list.resume ?? one.resume);
    if (one.cue !== 'post' && video.currentTime < until) video.currentTime = until;
  }

  #show(creative: Creative, n: number, count: number): void {
    const { video } = this.#parts;
    const before = this.#current;
    const inPicture = document.pictureInPictureElement;
    this.#current = creative;
    this.#panel.show(creative, n, count);
    if (inPicture && (inPicture === video || inPicture === before?.video)) {
      void creative.video.requestPictureInPicture().catch(() => undefined);
    }
    before?.dispose();
  }

  /** The content cannot go on: nothing does. */
  stop(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#panel.close();
    this.#current?.dispose();
    this.#current = null;
    for (const prepared of this.#prepared.values()) prepared.first?.dispose();
    this.#prepared.clear();
  }
}
