/** Beside the playing: whether the licence still holds, and how much of the video was watched. */

import * as api from '../net/api';
import { PageError } from '../errors';
import { home } from '../net/home';
import type { KeyRing } from '../play/keyring';

/** How often the server is asked and told, ms: what is withdrawn stops within a minute. */
const EVERY_MS = 20_000;
/** A step of the play position longer than this was a seek, s. */
const LONGEST_STEP_S = 2;

/** Watches over one playing video. */
export class Standing {
  readonly #video: HTMLVideoElement;
  readonly #keys: KeyRing;
  readonly #withdrawn: (error: PageError) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #license: string | null = null;
  #from = 0;
  #position = 0;
  #playedMs = 0;
  #toldMs = 0;

  constructor(video: HTMLVideoElement, keys: KeyRing, withdrawn: (error: PageError) => void) {
    this.#video = video;
    this.#keys = keys;
    this.#withdrawn = withdrawn;
    video.addEventListener('timeupdate', () => this.#count());
    window.addEventListener('pagehide', () => this.#tell(true));
  }

  /** Begins, unless it has. */
  start(everyMs = EVERY_MS): void {
    this.#timer ??= setInterval(() => void this.#look(), everyMs);
  }

  /** Ends, and tells what is not told yet. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#tell(false);
  }

  #count(): void {
    const step = this.#video.currentTime - this.#position;
    this.#position = this.#video.currentTime;
    const license = this.#keys.current?.id ?? null;
    // The first licence of a stretch stands for it; what renews it goes on.
    if (this.#license === null && license !== null) {
      this.#license = license;
      this.#from = Date.now();
    }
    if (step > 0 && step < LONGEST_STEP_S && !this.#video.seeking) this.#playedMs += step * 1000;
  }

  async #look(): Promise<void> {
    this.#tell(false);
    const license = this.#keys.current;
    if (!license) return;
    try {
      if (await api.licenseHolds(license.id)) return;
    } catch (error) {
      // Whoever cannot be asked withdraws nothing: what is licensed plays on. A page that an agent serves has its
      // session from the person alone, who may have ended it.
      if (home.agent && error instanceof PageError && error.code === 'signed_out') this.#withdrawn(error);
      return;
    }
    this.#withdrawn(new PageError('license_withdrawn', `licence ${license.id} does not hold any more`));
  }

  #tell(leaving: boolean): void {
    const playedMs = Math.round(this.#playedMs);
    if (this.#license === null || playedMs <= this.#toldMs) return;
    this.#toldMs = playedMs;
    const play = { license: this.#license, from_ms: this.#from, until_ms: Date.now(), played_ms: playedMs };
    // What is lost with the network is lost: the next report tells the sum.
    void api.reportUsage(play, leaving).catch(() => undefined);
  }
}
