/** One creative on the screen: a playback of its own in a second video element, with a budget for each of its steps. */

import type { PageError } from '../errors';
import { KeyRing } from '../play/keyring';
import { Playback, bufferedAhead } from '../play/playback';
import { PlayReport } from '../play/report';
import type { Route } from '../play/route';
import { Transport } from '../play/transport';
import { h } from '../ui/dom';
import type { Asset } from './list';
import { type Input, type Said, Showing } from './progress';

/** How long a creative that has begun may wait for its own bytes, ms. */
const STALL_MS = 1_000;

/** Why a creative could not be shown: VAST's number of it. */
export class ShowError extends Error {
  override readonly name = 'ShowError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** VAST's number for an error of the player. */
export function vastCode(error: Pick<PageError, 'code'>): number {
  switch (error.code) {
    case 'title_not_found':
    case 'segment_missing':
      return 401;
    case 'origin_unreachable':
    case 'offline':
      return 402;
    case 'browser_unsupported':
      return 403;
    case 'media_decode':
    case 'segment_damaged':
      return 405;
    default:
      return 400;
  }
}

/** How a creative ended. */
export type Outcome = 'complete' | 'skip' | 'error';

/** Whom a creative tells what happens. */
export type Watcher = (said: Said) => void;

export class Creative {
  readonly asset: Asset;
  readonly video: HTMLVideoElement;
  readonly #playback: Playback;
  readonly #watcher: Watcher;
  readonly #showing: Showing;
  readonly #over = new AbortController();
  #fail: (fault: ShowError) => void = () => undefined;
  readonly #failed: Promise<never>;
  #skip: () => void = () => undefined;

  constructor(asset: Asset, route: Route, watcher: Watcher) {
    this.asset = asset;
    this.#watcher = watcher;
    this.#showing = new Showing(asset.durationMs);
    this.video = h('video', { class: 'ad__video', playsinline: true, preload: 'auto', disableremoteplayback: true });
    this.#failed = new Promise((_, fail) => {
      this.#fail = fail;
    });
    // Whoever waits for it hears it; that nobody does yet is no news.
    this.#failed.catch(() => undefined);
    const { video } = this;
    video.textTracks.addEventListener('addtrack', ({ track }) => {
      if (track) track.mode = 'disabled';
    });
    const fatal = (error: PageError) => this.#fail(new ShowError(vastCode(error), error.message));
    this.#playback = new Playback({
      video,
      transport: new Transport(asset.title, route, () => bufferedAhead(video) * 1000),
      keys: new KeyRing(asset.title, route),
      report: new PlayReport(),
      hashes: false,
      events: { ready: () => undefined, fatal },
    });
    this.#playback.start(0).catch((error: PageError) => fatal(error));
  }

  /** Where it is, ms of its media time. */
  get mediaMs(): number {
    return Math.round(this.video.currentTime * 1000);
  }

  /** How long it has to go, ms. */
  get leftMs(): number {
    return Math.max(0, this.asset.durationMs - this.mediaMs);
  }

  /** How long until it may be skipped, ms; null: never. */
  get skipInMs(): number | null {
    const { skipAfterMs } = this.asset;
    return skipAfterMs === null ? null : Math.max(0, skipAfterMs - this.mediaMs);
  }

  /** Begins to play it: resolves with its first picture. Throws {@link ShowError}. */
  async begin(budgetMs: number): Promise<void> {
    const { video } = this;
    const signal = this.#over.signal;
    const playing = new Promise<void>((done) => {
      video.addEventListener('playing', () => done(), { once: true, signal });
    });
    const late = after(budgetMs, signal).then(() => {
      throw new ShowError(402, `no picture within ${Math.round(budgetMs)} ms`);
    });
    late.catch(() => undefined);
    video.play().catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      // A browser that wants a click for sound plays without it.
      video.muted = true;
      video.play().catch(() => this.#fail(new ShowError(405, 'the browser does not let it play')));
    });
    await Promise.race([playing, this.#failed, late]);
  }

  /** Plays it to its end, or until it is skipped. Throws {@link ShowError}. */
  async finish(): Promise<Outcome> {
    const { video } = this;
    const signal = this.#over.signal;
    this.#sample();
    const ended = new Promise<Outcome>((done) => {
      video.addEventListener('ended', () => done('complete'), { signal });
      this.#skip = () => {
        if (this.skipInMs !== 0) return;
        this.#sample();
        this.#take({ do: 'skip' });
        done('skip');
      };
    });
    for (const name of ['timeupdate', 'pause', 'play', 'volumechange']) {
      video.addEventListener(name, () => this.#sample(), { signal });
    }
    this.#watchStalls(signal);
    const outcome = await Promise.race([ended, this.#failed]);
    if (outcome === 'complete') this.#take({ do: 'end' });
    return outcome;
  }

  #sample(): void {
    const { video } = this;
    // At the end it counts as playing still: what is missing of its length is the container's affair.
    const playing = !video.paused || video.ended;
    this.#take({ do: 'sample', at: this.mediaMs, playing, muted: video.muted });
  }

  /** A creative that waits for bytes ends, so that the content goes on. */
  #watchStalls(signal: AbortSignal): void {
    const { video } = this;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const moves = () => {
      clearTimeout(timer);
      timer = undefined;
    };
    const waits = () => {
      if (video.paused || video.ended) return;
      const stalled = new ShowError(402, `it stood still for ${STALL_MS} ms at ${this.mediaMs} ms`);
      timer ??= setTimeout(() => this.#fail(stalled), STALL_MS);
    };
    video.addEventListener('waiting', waits, { signal });
    for (const name of ['playing', 'timeupdate', 'pause', 'ended']) video.addEventListener(name, moves, { signal });
    signal.addEventListener('abort', moves);
  }

  /** Ends it, if it may be skipped by now. */
  skip(): void {
    this.#skip();
  }

  /** The person followed its link. */
  clicked(): void {
    this.#take({ do: 'click' });
  }

  /** It could not be shown. */
  broke(fault: ShowError): void {
    this.#take({ do: 'error', code: fault.code });
  }

  #take(input: Input): void {
    for (const said of this.#showing.handle(input)) this.#watcher(said);
  }

  /** Ends it and lets go of everything. */
  dispose(): void {
    this.#over.abort();
    this.#playback.stop();
    this.video.pause();
    this.video.removeAttribute('src');
    this.video.remove();
  }
}

/** Resolves after so long; never once `signal` ended it. */
export function after(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
