/** The captions and chapters of the video: fetched, given to the browser, and switched as the person chose before. */

import { home } from '../net/home';
import { type Captions as Language, captions, chaptersUrl, webvtt } from '../net/portal';
import { h } from '../ui/dom';
import { type Line, preferred, readLines } from './lines';
import { remember, wish } from './wishes';

/** What is remembered when somebody wants none. */
const OFF = 'off';
/** Most languages the page takes up. */
const MAX_LANGUAGES = 100;

export class Captions {
  readonly #title: string;
  readonly #video: HTMLVideoElement;
  readonly #texts = new Map<string, Promise<Line[]>>();
  #languages: readonly Language[] = [];
  #chapters: readonly Line[] = [];
  #asked: Promise<void> | null = null;
  #listeners: (() => void)[] = [];
  /** What the browser tells before this is not the person's choice. */
  #settled = false;

  constructor(title: string, video: HTMLVideoElement) {
    this.#title = title;
    this.#video = video;
    video.textTracks.addEventListener('change', () => this.#onChange());
  }

  get languages(): readonly Language[] {
    return this.#languages;
  }

  get chapters(): readonly Line[] {
    return this.#chapters;
  }

  /** The language on the picture; null when captions are off. */
  get shown(): string | null {
    return this.#tracks().find((track) => track.mode === 'showing')?.language ?? null;
  }

  /** The language that captions and transcript come in when nobody says which. */
  get usual(): string | null {
    const there = this.#languages.map(({ lang }) => lang);
    return preferred(there, wish('language'), navigator.languages);
  }

  /** Calls `listener` when captions or chapters came, or another language is shown. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Fetches what there is, once, and gives it to the browser anew: the engine clears tracks when it starts. */
  async attach(): Promise<void> {
    this.#asked ??= this.#ask();
    await this.#asked;
    this.#settled = false;
    for (const track of this.#video.querySelectorAll('track[data-page]')) track.remove();
    for (const { lang, label, url } of this.#languages) {
      const track = h('track', { kind: 'captions', srclang: lang, label, 'data-page': true });
      this.#video.append(track);
      home.file(url, (src) => track.setAttribute('src', src));
      // A track whose mode nobody changed Chromium would show by itself, beside the one that is chosen here.
      track.track.mode = 'hidden';
    }
    if (this.#chapters.length > 0) {
      const track = h('track', { kind: 'chapters', default: true, 'data-page': true });
      this.#video.append(track);
      home.file(chaptersUrl(this.#title), (src) => track.setAttribute('src', src));
    }
    // Media Chrome says that it is checked, which a plain button cannot be.
    document.querySelector('media-captions-button')?.setAttribute('role', 'switch');
    const wanted = wish('captions');
    this.show(wanted !== null && wanted !== OFF ? preferred(this.#languages.map(({ lang }) => lang), wanted, []) : null);
    // The browser tells of the change in a task of its own.
    setTimeout(() => {
      this.#settled = true;
    });
    this.#tell();
  }

  async #ask(): Promise<void> {
    // A video without captions plays as well as one whose captions nobody can get.
    const [languages, chapters] = await Promise.allSettled([
      captions(this.#title),
      webvtt(chaptersUrl(this.#title)).then(readLines),
    ]);
    if (languages.status === 'fulfilled') this.#languages = languages.value.slice(0, MAX_LANGUAGES);
    if (chapters.status === 'fulfilled') this.#chapters = chapters.value;
  }

  /** Shows a language, or none. */
  show(lang: string | null): void {
    for (const track of this.#tracks()) track.mode = track.language === lang ? 'showing' : 'disabled';
  }

  /** Captions off, or on in the usual language; what they are now, null when there are none. */
  toggle(): 'on' | 'off' | null {
    if (this.#languages.length === 0) return null;
    const on = this.shown === null;
    this.show(on ? this.usual : null);
    return on ? 'on' : 'off';
  }

  /** The lines of a language. */
  lines(lang: string): Promise<Line[]> {
    const known = this.#texts.get(lang);
    if (known) return known;
    const url = this.#languages.find((language) => language.lang === lang)?.url;
    const coming = url ? webvtt(url).then(readLines) : Promise.resolve([]);
    this.#texts.set(lang, coming);
    // What failed is asked for again by whoever comes next.
    coming.catch(() => this.#texts.delete(lang));
    return coming;
  }

  #tracks(): TextTrack[] {
    return [...this.#video.textTracks].filter(({ kind }) => kind === 'captions' || kind === 'subtitles');
  }

  #onChange(): void {
    if (this.#settled && this.#languages.length > 0) {
      const { shown } = this;
      remember('captions', shown ?? OFF);
      if (shown !== null) remember('language', shown);
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
