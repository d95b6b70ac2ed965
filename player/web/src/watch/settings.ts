/** The menu for speed, quality and the language of the sound. */

import type { Playback } from '../play/playback';
import { number, t } from '../i18n/text';
import { h } from '../ui/dom';
import { bitrate, clock } from '../ui/format';
import type { Captions } from './captions';
import { SPEEDS } from './controls';
import { lineAt } from './lines';
import { autoplayOn } from './autoplay';
import { lines } from './why';
import { remember } from './wishes';

/** What the menu acts on. */
export interface SettingsTargets {
  readonly video: HTMLVideoElement;
  readonly playback: Playback;
  readonly captions: Captions;
}

export class Settings {
  readonly #menu: HTMLElement;
  readonly #button: HTMLElement;
  readonly #video: HTMLVideoElement;
  readonly #playback: Playback;
  readonly #captions: Captions;

  constructor(menu: HTMLElement, button: HTMLElement, of: SettingsTargets) {
    this.#menu = menu;
    this.#button = button;
    this.#video = of.video;
    this.#playback = of.playback;
    this.#captions = of.captions;
    button.addEventListener('click', () => this.#show(menu.hidden === true));
    // The buttons of the bar make no click of a key.
    button.addEventListener('keydown', (event) => {
      if (event.repeat || (event.key !== 'Enter' && event.key !== ' ')) return;
      event.preventDefault();
      event.stopPropagation();
      this.#show(menu.hidden === true);
    });
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

  #texts(): HTMLElement[] {
    const { languages, chapters, shown } = this.#captions;
    const rows: HTMLElement[] = [];
    if (languages.length > 0) {
      const off = { value: '', text: t('Off'), selected: shown === null };
      const all = languages.map(({ lang, label }) => ({ value: lang, text: label, selected: lang === shown }));
      rows.push(select(t('Captions'), [off, ...all], (lang) => this.#captions.show(lang === '' ? null : lang)));
    }
    if (chapters.length > 0) {
      const now = lineAt(chapters, this.#video.currentTime);
      const all = chapters.map(({ start, text }, index) => ({
        value: String(index),
        text: `${clock(start)} ${text}`,
        selected: index === now,
      }));
      const jump = (value: string) => {
        this.#video.currentTime = (chapters[Number(value)]?.start ?? 0) + 0.01;
      };
      rows.push(select(t('Chapter'), all, jump));
    }
    return rows;
  }

  #switches(): HTMLElement[] {
    const saver = onOff(t('Save data'), this.#playback.savesData, (on) => {
      remember('data-saver', on ? 'on' : 'off');
      this.#playback.saveData(on);
    });
    if (document.body.dataset.embedded !== undefined) return [saver];
    const next = onOff(t('Play next'), autoplayOn(), (on) => remember('autoplay', on ? 'on' : 'off'));
    return [saver, next];
  }

  #fill(): void {
    const video = this.#video;
    const playback = this.#playback;
    const speeds = SPEEDS.map((speed) => ({
      value: String(speed),
      text: speed === 1 ? t('Normal') : `${number(speed)}×`,
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
      text: now ? t('Automatic ({quality})', { quality: `${lines(now)}p` }) : t('Automatic'),
      selected: playback.chosen === -1,
    };
    const tracks = playback.audioTracks.map((track, index) => ({
      value: String(index),
      text: track.name,
      selected: track.selected,
    }));
    const rows = [
      select(t('Speed'), speeds, (value) => {
        video.playbackRate = Number(value);
      }),
      select(t('Quality'), [auto, ...qualities], (value) => playback.choose(Number(value))),
    ];
    if (tracks.length > 1) {
      rows.push(select(t('Sound'), tracks, (value) => playback.chooseAudio(Number(value))));
    }
    this.#menu.replaceChildren(...rows, ...this.#texts(), ...this.#switches());
  }
}

/** A row with on and off, remembered for the next video. */
function onOff(label: string, on: boolean, choose: (on: boolean) => void): HTMLElement {
  const options = [
    { value: 'on', text: t('On'), selected: on },
    { value: 'off', text: t('Off'), selected: !on },
  ];
  return select(label, options, (value) => choose(value === 'on'));
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
