/** The transcript: captions as lines, the one being said marked, with a search and jumps. */

import { t } from '../i18n/text';
import { h } from '../ui/dom';
import { clock } from '../ui/format';
import type { Captions } from './captions';
import { type Line, lineAt, matching } from './lines';
import { remember } from './wishes';

/** How long the list stays where the person scrolled it, ms. */
const LEFT_ALONE_MS = 6_000;

export class Transcript {
  readonly #pane: HTMLElement;
  readonly #captions: Captions;
  readonly #video: HTMLVideoElement;
  readonly #list = h('ol', { class: 'lines', 'aria-label': t('Lines') });
  readonly #search = h('input', { type: 'search', 'aria-label': t('Search the transcript'), placeholder: t('Search') });
  readonly #found = h('p', { class: 'lines__found', role: 'status' });
  readonly #language = h('select', { 'aria-label': t('Language of the transcript') });
  #lang: string | null = null;
  #lines: readonly Line[] = [];
  #rows: readonly HTMLButtonElement[] = [];
  #current = -1;
  #scrolledAt = Number.NEGATIVE_INFINITY;
  #open = false;

  constructor(pane: HTMLElement, captions: Captions, video: HTMLVideoElement, close: () => void) {
    this.#pane = pane;
    this.#captions = captions;
    this.#video = video;
    const shut = h('button', { class: 'quiet', type: 'button', onclick: close }, t('Close'));
    pane.replaceChildren(
      h('div', { class: 'panel__head' }, h('h2', { id: 'transcript-title' }, t('Transcript')), this.#language, shut),
      this.#search,
      this.#found,
      this.#list,
    );
    this.#language.addEventListener('change', () => void this.#choose(this.#language.value));
    this.#search.addEventListener('input', () => this.#filter());
    this.#search.addEventListener('keydown', (event) => this.#onSearchKey(event));
    this.#list.addEventListener('keydown', (event) => this.#onListKey(event));
    for (const moved of ['wheel', 'touchmove', 'focusin']) {
      this.#list.addEventListener(moved, () => this.#leaveAlone(), { passive: true });
    }
    video.addEventListener('timeupdate', () => this.#mark());
    video.addEventListener('seeked', () => this.#mark());
    captions.onChange(() => this.#open && this.#follow());
  }

  /** Shows it. */
  async show(focus: boolean): Promise<void> {
    this.#open = true;
    this.#pane.hidden = false;
    await this.#choose(this.#lang ?? this.#captions.shown ?? this.#captions.usual);
    if (focus) this.#search.focus();
  }

  hide(): void {
    this.#open = false;
    this.#pane.hidden = true;
  }

  /** Captions in another language: the transcript goes with them. */
  #follow(): void {
    const { shown } = this.#captions;
    if (shown !== null && shown !== this.#lang) void this.#choose(shown);
  }

  async #choose(lang: string | null): Promise<void> {
    this.#lang = lang;
    const options = this.#captions.languages.map((one) =>
      h('option', { value: one.lang, selected: one.lang === lang }, one.label),
    );
    this.#language.replaceChildren(...options);
    this.#language.hidden = options.length < 2;
    this.#search.hidden = lang === null;
    if (lang === null) return this.#say(t('This video has no captions, so there is no transcript.'));
    remember('language', lang);
    let lines: Line[];
    try {
      lines = await this.#captions.lines(lang);
    } catch {
      return this.#say(t('The transcript did not come. Close it and open it again to try once more.'));
    }
    if (this.#lang !== lang) return;
    this.#lines = lines;
    this.#draw(lang);
  }

  #say(text: string): void {
    this.#lines = [];
    this.#rows = [];
    this.#list.replaceChildren();
    this.#found.textContent = text;
  }

  #draw(lang: string): void {
    this.#current = -1;
    this.#rows = this.#lines.map(({ start, text }, index) =>
      h(
        'button',
        { type: 'button', class: 'line', tabindex: index === 0 ? 0 : -1, onclick: () => this.#jump(index) },
        h('span', { class: 'line__time' }, clock(start)),
        h('span', { lang }, text),
      ),
    );
    this.#list.replaceChildren(...this.#rows.map((row) => h('li', {}, row)));
    this.#filter();
    this.#mark();
  }

  #filter(): void {
    const query = this.#search.value.trim();
    const kept = new Set(matching(this.#lines, query));
    for (const [index, row] of this.#rows.entries()) {
      if (row.parentElement) row.parentElement.hidden = !kept.has(index);
    }
    const count = t('{n} line|{n} lines', { n: kept.size });
    this.#found.textContent = query === '' ? '' : kept.size === 0 ? t('Nothing found') : count;
  }

  #onSearchKey(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.#search.value !== '') {
      event.preventDefault();
      this.#search.value = '';
      this.#filter();
    }
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      this.#focus(this.#shownRows()[0]);
    }
    if (event.key !== 'Enter') return;
    const found = matching(this.#lines, this.#search.value.trim());
    const now = this.#video.currentTime;
    // From here on, then around from the beginning.
    const next = found.find((index) => (this.#lines[index]?.start ?? 0) > now + 0.1) ?? found[0];
    if (next !== undefined) this.#jump(next);
  }

  #shownRows(): HTMLButtonElement[] {
    return this.#rows.filter((row) => row.parentElement?.hidden === false);
  }

  #onListKey(event: KeyboardEvent): void {
    const rows = this.#shownRows();
    const at = rows.indexOf(event.target as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    if (to < 0) this.#search.focus();
    else this.#focus(rows[to]);
  }

  #focus(row: HTMLButtonElement | undefined): void {
    if (!row) return;
    for (const other of this.#rows) other.tabIndex = -1;
    row.tabIndex = 0;
    row.focus();
  }

  #jump(index: number): void {
    const line = this.#lines[index];
    if (!line) return;
    this.#video.currentTime = line.start + 0.01;
    this.#scrolledAt = Number.NEGATIVE_INFINITY;
  }

  #leaveAlone(): void {
    this.#scrolledAt = performance.now();
  }

  #mark(): void {
    if (!this.#open || this.#rows.length === 0) return;
    const now = lineAt(this.#lines, this.#video.currentTime);
    if (now === this.#current) return;
    this.#rows[this.#current]?.removeAttribute('aria-current');
    this.#current = now;
    const row = this.#rows[now];
    if (!row) return;
    row.setAttribute('aria-current', 'true');
    if (performance.now() - this.#scrolledAt > LEFT_ALONE_MS) this.#bringIntoView(row);
  }

  /** Within the list only: the page itself stays where the person has it. */
  #bringIntoView(row: HTMLElement): void {
    const [list, at] = [this.#list.getBoundingClientRect(), row.getBoundingClientRect()];
    if (at.top >= list.top && at.bottom <= list.bottom) return;
    this.#list.scrollTop += at.top - list.top - list.height / 3;
  }
}
