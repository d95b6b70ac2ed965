/** What to watch next: a short list, and at the end of the video the first of it, by itself if wanted. */

import type { Title } from '../net/api';
import { home } from '../net/home';
import * as portal from '../net/portal';
import { t } from '../i18n/text';
import { h } from '../ui/dom';
import { clock } from '../ui/format';
import { autoplayOn } from './autoplay';

/** Titles shown. */
const SHOWN = 6;
/** Seconds to say no before the next one begins. */
export const COUNTDOWN_S = 8;

/** What of `titles` may follow `current`: videos that can be played, in their order. */
export function following(titles: readonly Title[], current: string): Title[] {
  return titles.filter(({ id, kind, state }) => id !== current && kind === 'video' && state === 'complete').slice(0, SHOWN);
}

/** Where a title is watched, the agent and the rest of the address kept. */
export function addressOf(id: string, here: URL): string {
  const to = new URL(`/watch/${id}`, here);
  const agent = here.searchParams.get('agent');
  if (agent !== null) to.searchParams.set('agent', agent);
  return to.pathname + to.search;
}

export class UpNext {
  readonly #title: string;
  readonly #panel: HTMLElement;
  #titles: Title[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(title: string, panel: HTMLElement) {
    this.#title = title;
    this.#panel = panel;
  }

  /** Asks once, and shows the list where there is one. */
  async load(): Promise<void> {
    this.#titles = following(await portal.upNext(), this.#title);
    this.#panel.hidden = this.#titles.length === 0;
    const here = new URL(location.href);
    this.#panel.replaceChildren(
      h('h2', { id: 'next-title' }, t('Up next')),
      h('ul', { class: 'next' }, ...this.#titles.map((title) => h('li', {}, this.#entry(title, here)))),
    );
  }

  #entry(title: Title, here: URL): HTMLElement {
    const poster = h('img', { alt: '', loading: 'lazy', width: 120, height: 68 });
    poster.addEventListener('error', () => poster.classList.add('next__none'));
    home.file(`/api/v1/titles/${title.id}/poster.jpg`, (src) => poster.setAttribute('src', src));
    const long = title.durationMs ? clock(title.durationMs / 1000) : '';
    return h(
      'a',
      { class: 'next__link', href: addressOf(title.id, here) },
      poster,
      h('span', { class: 'next__text' }, h('strong', {}, title.title), h('span', { class: 'muted' }, long)),
    );
  }

  /** The card at the end of the video; null when nothing follows. `closed` runs when the person wants none. */
  card(closed: () => void): HTMLElement | null {
    const next = this.#titles[0];
    if (!next) return null;
    const href = addressOf(next.id, new URL(location.href));
    const line = h('p', { class: 'next__count' });
    const go = h('a', { class: 'button primary', href, id: 'next-go' }, t('Play now'));
    const stop = h('button', { class: 'quiet', type: 'button', id: 'next-stop' }, t('Cancel'));
    const card = h(
      'div',
      { class: 'card card--next' },
      h('h2', {}, t('Next: {title}', { title: next.title })),
      line,
      h('div', { class: 'card__actions' }, go, stop),
    );
    stop.addEventListener('click', () => {
      this.cancel();
      closed();
    });
    if (autoplayOn()) this.#countDown(line, () => location.assign(href));
    else stop.textContent = t('Close');
    return card;
  }

  #countDown(line: HTMLElement, done: () => void): void {
    this.cancel();
    const ends = performance.now() + COUNTDOWN_S * 1000;
    const say = (n: number) => {
      line.textContent = t('It begins in {n} second.|It begins in {n} seconds.', { n });
    };
    say(COUNTDOWN_S);
    this.#timer = setInterval(() => {
      const left = Math.ceil((ends - performance.now()) / 1000);
      // Said once to who listens, and shown as it runs.
      if (left > 0) say(left);
      else {
        this.cancel();
        done();
      }
    }, 1000);
  }

  /** Nothing begins by itself any more. */
  cancel(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
