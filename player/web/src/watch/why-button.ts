/** The button that says why the picture is as sharp as it is. */

import { SAVER_LINES } from '../play/playback';
import type { PlayerParts } from './page';
import { type Picture, type QualityFacts, whyQuality } from './why';

/** What is known now. */
export function factsOf({ video, playback, route }: PlayerParts): QualityFacts {
  const { all, licensed } = playback.offered;
  const chosen = playback.qualities.find(({ index }) => index === playback.chosen) ?? null;
  const dots = globalThis.devicePixelRatio || 1;
  const playable: readonly Picture[] = playback.qualities;
  return {
    now: playback.quality,
    all,
    licensed,
    playable,
    chosen,
    screen: { width: video.clientWidth * dots, height: video.clientHeight * dots },
    dataSaver: playback.savesData,
    saverLines: SAVER_LINES,
    measured: playback.bandwidth,
    office: route.current === 'agent',
  };
}

export class WhyQuality {
  readonly #button: HTMLElement;
  readonly #answer: HTMLElement;
  readonly #parts: PlayerParts;

  constructor(button: HTMLElement, answer: HTMLElement, parts: PlayerParts) {
    this.#button = button;
    this.#answer = answer;
    this.#parts = parts;
    button.addEventListener('click', () => this.#toggle());
  }

  #toggle(): void {
    const show = this.#answer.hidden === true;
    this.#answer.hidden = !show;
    this.#button.setAttribute('aria-expanded', String(show));
    const { handoff } = this.#parts;
    this.#answer.textContent = show ? whyQuality(factsOf(this.#parts)) : '';
    if (show) for (const way of handoff.buttons()) this.#answer.append(' ', way);
  }
}
