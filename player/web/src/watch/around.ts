/** What stands around the player on the watch page: title, delivery, marks, transcript, what is next. */

import type { Title } from '../net/api';
import * as portal from '../net/portal';
import type { PageError } from '../errors';
import { t } from '../i18n/text';
import { byId, h } from '../ui/dom';
import { clock, day } from '../ui/format';
import { Delivery } from './delivery';
import { Mine } from './mine';
import type { UpNext } from './next';
import type { PlayerParts, Surroundings } from './page';
import type { Transcript } from './transcript';
import { remember, wish } from './wishes';
import { WhyQuality } from './why-button';

/** How long the start waits for the place where the person stopped, ms. */
const PLACE_BUDGET_MS = 800;
/** A place closer to the beginning than this is not worth going on from, seconds. */
const WORTH_S = 10;

export class Around implements Surroundings {
  readonly #parts: PlayerParts;
  readonly #mine: Mine;
  readonly #transcriptButton = byId('transcript-button');
  #asked: Promise<portal.Mine | null> | null = null;
  #title: Title | null = null;
  #transcript: Promise<Transcript> | null = null;
  #transcriptOpen = false;
  #next: UpNext | null = null;

  constructor(parts: PlayerParts) {
    this.#parts = parts;
    new Delivery(byId('delivery'), byId('player-chip'), parts.route, parts.report);
    new WhyQuality(byId('why-button'), byId('why'), parts);
    this.#mine = new Mine(parts.title, parts.video);
    parts.toggleTranscript = () => this.#toggleTranscript();
    this.#transcriptButton.addEventListener('click', () => this.#toggleTranscript());
    parts.video.addEventListener('seeking', () => this.#next?.cancel());
    parts.video.addEventListener('play', () => {
      this.#next?.cancel();
      parts.uncover();
    });
  }

  shown(title: Title): void {
    this.#title = title;
    byId('title').textContent = title.title;
    const since = { day: day(title.createdMs ?? 0) };
    const parts = [
      title.durationMs !== null && title.durationMs > 0 ? clock(title.durationMs / 1000) : null,
      title.createdMs !== null ? t(title.state === 'complete' ? 'Published {day}' : 'Uploaded {day}', since) : null,
    ];
    byId('meta').textContent = parts.filter((part) => part !== null).join(' · ');
    // Asked for beside everything else, so that the start hardly waits.
    this.#asked ??= portal.mine(this.#parts.title).catch(() => null);
  }

  async place(): Promise<number | null> {
    const budget = new Promise<null>((done) => setTimeout(() => done(null), PLACE_BUDGET_MS));
    const mine = await Promise.race([this.#asked ?? Promise.resolve(null), budget]);
    const at = mine?.seconds ?? null;
    const whole = (this.#title?.durationMs ?? 0) / 1000;
    if (at === null || at < WORTH_S || (whole > 0 && whole - at < WORTH_S)) return null;
    this.#parts.notice.resumed(clock(at), () => {
      this.#parts.video.currentTime = 0;
    });
    return at;
  }

  ready(): void {
    void this.#asked?.then((mine) => this.#mine.show(mine));
    if (wish('transcript') === 'open' && !this.#transcriptOpen) this.#toggleTranscript(false);
    void this.#loadNext();
  }

  /** Below everything else, so after everything else. */
  async #loadNext(): Promise<void> {
    if (this.#next) return;
    const { UpNext } = await import('./next');
    this.#next = new UpNext(this.#parts.title, byId('next'));
    // A video without a next one is watched all the same.
    await this.#next.load().catch(() => undefined);
  }

  ended(): HTMLElement | null {
    return this.#next?.card(() => this.#parts.uncover()) ?? null;
  }

  async failed(error: PageError): Promise<HTMLElement | null> {
    if (!['forbidden', 'title_not_found', 'offline'].includes(error.code)) return null;
    if (error.code === 'offline') {
      const { offlineCard } = await import('./offline');
      return offlineCard(error, this.#parts);
    }
    const { refusalCard } = await import('./refusals');
    const access = await portal.access(this.#parts.title).catch(() => null);
    return refusalCard({ title: this.#parts.title, error, access, retry: () => this.#parts.retry() });
  }

  async signIn(why: string, done: () => void): Promise<HTMLElement> {
    const { signInCard } = await import('../ui/sign-in');
    return signInCard(why, done);
  }

  #toggleTranscript(asked = true): void {
    this.#transcriptOpen = !this.#transcriptOpen;
    this.#transcriptButton.setAttribute('aria-pressed', String(this.#transcriptOpen));
    if (asked) remember('transcript', this.#transcriptOpen ? 'open' : 'closed');
    void this.#showTranscript(asked);
  }

  async #showTranscript(asked: boolean): Promise<void> {
    const { captions, video } = this.#parts;
    const pane = byId('transcript');
    const close = () => {
      this.#toggleTranscript();
      this.#transcriptButton.focus();
    };
    this.#transcript ??= import('./transcript').then(
      ({ Transcript }) => new Transcript(pane, captions, video, close),
    );
    const transcript = await this.#transcript.catch(() => null);
    if (!transcript) {
      this.#transcript = null;
      pane.replaceChildren(h('p', {}, t('The transcript did not load. Load the page again.')));
      return;
    }
    if (this.#transcriptOpen) await transcript.show(asked);
    else transcript.hide();
  }
}
