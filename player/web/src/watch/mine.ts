/** The person's own marks on the video: where they are, whether they like it, whether they keep it for later. */

import * as portal from '../net/portal';
import { t } from '../i18n/text';
import { byId } from '../ui/dom';

/** Between two notes of the place, ms. */
const NOTE_EVERY_MS = 10_000;
/** A step smaller than this is not worth a note, seconds. */
const NOTE_STEP_S = 2;

export class Mine {
  readonly #title: string;
  readonly #video: HTMLVideoElement;
  readonly #announcer = byId('announcer');
  #rating: 1 | -1 | null = null;
  #saved = false;
  #noted = 0;
  #notedAt = 0;
  #known = false;

  constructor(title: string, video: HTMLVideoElement) {
    this.#title = title;
    this.#video = video;
    byId('like').addEventListener('click', () => void this.#rate(1));
    byId('dislike').addEventListener('click', () => void this.#rate(-1));
    byId('save').addEventListener('click', () => void this.#save());
    video.addEventListener('timeupdate', () => {
      if (performance.now() - this.#notedAt >= NOTE_EVERY_MS) this.#note(false);
    });
    video.addEventListener('pause', () => this.#note(false));
    window.addEventListener('pagehide', () => this.#note(true));
  }

  /** What the person did with the video before; who is no person gets no buttons. */
  show(mine: portal.Mine | null): void {
    this.#known = mine !== null;
    byId('marks').hidden = !this.#known;
    if (!mine) return;
    this.#rating = mine.rating;
    this.#saved = mine.saved;
    this.#noted = mine.seconds ?? 0;
    this.#draw();
  }

  #draw(): void {
    byId('like').setAttribute('aria-pressed', String(this.#rating === 1));
    byId('dislike').setAttribute('aria-pressed', String(this.#rating === -1));
    byId('save').setAttribute('aria-pressed', String(this.#saved));
    byId('save-text').textContent = t(this.#saved ? 'Saved' : 'Save for later');
  }

  async #rate(wanted: 1 | -1): Promise<void> {
    const before = this.#rating;
    this.#rating = before === wanted ? null : wanted;
    this.#draw();
    const said = { '1': t('You like this'), '-1': t('You do not like this'), null: t('No rating') };
    await this.#carryOut(portal.rate(this.#title, this.#rating), said[`${this.#rating}`], () => {
      this.#rating = before;
    });
  }

  async #save(): Promise<void> {
    this.#saved = !this.#saved;
    this.#draw();
    const said = t(this.#saved ? 'Saved for later' : 'Not saved any more');
    await this.#carryOut(portal.save(this.#title, this.#saved), said, () => {
      this.#saved = !this.#saved;
    });
  }

  /** Says what was done, or takes it back where the server would not have it. */
  async #carryOut(doing: Promise<void>, said: string, undo: () => void): Promise<void> {
    try {
      await doing;
      this.#announcer.textContent = said;
    } catch {
      undo();
      this.#announcer.textContent = t('This could not be kept. Try again in a moment.');
    }
    this.#draw();
  }

  #note(leaving: boolean): void {
    const { currentTime } = this.#video;
    if (!this.#known || Math.abs(currentTime - this.#noted) < NOTE_STEP_S) return;
    this.#noted = currentTime;
    this.#notedAt = performance.now();
    // The next note says it all the same.
    void portal.putProgress(this.#title, currentTime, leaving).catch(() => undefined);
  }
}
