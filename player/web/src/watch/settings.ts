/** The menu for speed, quality and the language of the sound. */

import type { Playback, Quality } from '../play/playback';
import { h } from '../ui/dom';
import { bitrate } from '../ui/format';
import { SPEEDS } from './controls';

export class Settings {
  readonly #menu: HTMLElement;
  readonly #button: HTMLElement;
  readonly #video: HTMLVideoElement;
  readonly #playback: Playback;

  constructor(menu: HTMLElement, button: HTMLElement, video: HTMLVideoElement, playback: Playback) {
    this.#menu = menu;
    this.#button = button;
    this.#video = video;
    this.#playback = playback;
    button.addEventListener('click', () => this.#show(menu.hidden === true));
    menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      this.#show(false);
      button.focus();
    });
    document.addEventListener('pointerdown', (event) => {
      const inside = event.composedPath().some((node) => node === menu || node === button);
      if (!inside) this.#show(false);
    });
  }

  #show(show: boolean): void {
    if (this.#menu.hidden !== show) return;
    this.#menu.hidden = !show;
    this.#button.setAttribute('aria-expanded', String(show));
    this.#button.toggleAttribute('notooltip', show);
    if (!show) return;
    this.#fill();
    this.#menu.querySelector<HTMLElement>('select')?.focus();
  }

  #fill(): void {
    const video = this.#video;
    const playback = this.#playback;
    const speeds = SPEEDS.map((speed) => ({
      value: String(speed),
      text: speed === 1 ? 'Normal' : `${speed}×`,
      selected: Math.abs(video.playbackRate - speed) < 0.01,
    }));
    const qualities = playback.qualities.map((quality) => ({
      value: String(quality.index),
      text: `${lines(quality)}p, ${bitrate(quality.bitrate)}`,
      selected: playback.chosen === quality.index,
    }));
    const now = playback.quality;
    const auto = {
      value: '-1',
      text: now ? `Automatic (${lines(now)}p)` : 'Automatic',
      selected: playback.chosen === -1,
    };
    const tracks = playback.audioTracks.map((track, index) => ({
      value: String(index),
      text: track.name,
      selected: track.selected,
    }));
    const rows = [
      select('Speed', speeds, (value) => {
        video.playbackRate = Number(value);
      }),
      select('Quality', [auto, ...qualities], (value) => playback.choose(Number(value))),
    ];
    if (tracks.length > 1) {
      rows.push(select('Sound', tracks, (value) => playback.chooseAudio(Number(value))));
    }
    this.#menu.replaceChildren(...rows);
  }
}

interface Option {
  readonly value: string;
  readonly text: string;
  readonly selected: boolean;
}

function select(label: string, options: Option[], choose: (value: string) => void): HTMLElement {
  const list = h(
    'select',
    {},
    ...options.map(({ value, text, selected }) => h('option', { value, selected }, text)),
  );
  list.addEventListener('change', () => choose(list.value));
  return h('label', { class: 'menu__row' }, h('span', {}, label), list);
}

/** What people call 720p: the shorter side, upright pictures too. */
function lines({ width, height }: Quality): number {
  return Math.min(width, height);
}
