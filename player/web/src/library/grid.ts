/** The grid of titles. Cards are updated in place, so that focus and pictures stay. */

import type { Title } from '../net/api';
import { h, icon, progressBar } from '../ui/dom';
import { clock, day } from '../ui/format';
import { progressText, stepText } from '../ui/preparing';

interface Card {
  readonly element: HTMLElement;
  /** What the card was drawn from; drawn again only when this changes. */
  drawn: string;
}

export class Grid {
  readonly #list: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #count: HTMLElement;
  readonly #remove: (title: Title) => void;
  readonly #cards = new Map<string, Card>();
  #busy = false;
  /** Whether the person may publish: the empty library then teaches how. */
  publisher = false;

  /** `remove` is called for a failed title that a publisher takes off the list. */
  constructor(
    list: HTMLElement,
    empty: HTMLElement,
    count: HTMLElement,
    remove: (title: Title) => void,
  ) {
    this.#remove = remove;
    this.#list = list;
    this.#empty = empty;
    this.#count = count;
  }

  /** Whether a title is being prepared. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Shows exactly `titles`, in this order. */
  show(titles: readonly Title[]): void {
    this.#busy = titles.some(({ state }) => state !== 'complete' && state !== 'failed');
    this.#count.textContent = titles.length > 0 ? String(titles.length) : '';
    this.#empty.hidden = titles.length > 0;
    if (titles.length === 0) this.#empty.replaceChildren(emptyLibrary(this.publisher));
    const ids = new Set(titles.map(({ id }) => id));
    for (const [id, { element }] of this.#cards) {
      if (ids.has(id)) continue;
      element.remove();
      this.#cards.delete(id);
    }
    titles.forEach((title, place) => this.#place(title, place));
  }

  #place(title: Title, place: number): void {
    const drawn = JSON.stringify(title);
    let card = this.#cards.get(title.id);
    if (!card) {
      card = { element: h('li', {}), drawn: '' };
      this.#cards.set(title.id, card);
    }
    if (card.drawn !== drawn) {
      const remove = this.publisher ? () => this.#remove(title) : null;
      card.element.replaceChildren(tile(title, remove));
      card.drawn = drawn;
    }
    if (this.#list.children[place] !== card.element) {
      this.#list.insertBefore(card.element, this.#list.children[place] ?? null);
    }
  }
}

function tile(title: Title, remove: (() => void) | null): HTMLElement {
  const watchable = title.state === 'complete' && title.kind === 'video';
  const content = [picture(title), h('h3', { class: 'tile__title' }, title.title), ...below(title)];
  if (title.state === 'failed' && remove) {
    const label = `Remove ${title.title}`;
    const attributes = { class: 'quiet tile__remove', type: 'button', 'aria-label': label, onclick: remove };
    content.push(h('button', attributes, 'Remove'));
  }
  if (title.kind === 'file' || title.state === 'failed') return h('div', { class: 'tile' }, ...content);
  const attributes = { class: watchable ? 'tile tile--ready' : 'tile', href: `/watch/${title.id}` };
  return h('a', attributes, ...content);
}

function picture(title: Title): HTMLElement {
  const frame = h('div', { class: 'tile__picture', 'data-state': title.state });
  if (title.state === 'complete' && title.kind === 'video') {
    const poster = h('img', { alt: '', loading: 'lazy', src: `/api/v1/titles/${title.id}/poster.jpg` });
    poster.addEventListener('error', () => poster.replaceWith(icon('film')));
    frame.append(poster);
    if (title.durationMs) frame.append(h('span', { class: 'tile__time' }, clock(title.durationMs / 1000)));
  } else {
    frame.append(icon(title.state === 'failed' ? 'alert' : title.kind === 'file' ? 'file' : 'film'));
  }
  return frame;
}

function below(title: Title): HTMLElement[] {
  if (title.state === 'failed') {
    const code = title.error?.code;
    return [
      h('p', { class: 'tile__failed' }, title.error?.message || 'The file could not be prepared.'),
      ...(code ? [h('p', { class: 'tile__meta' }, 'Code ', h('code', {}, code))] : []),
    ];
  }
  if (title.state !== 'complete') {
    const progress = progressText(title);
    return [
      h('p', { class: 'tile__meta' }, stepText(title)),
      ...(progress ? [h('p', { class: 'tile__meta' }, progress)] : []),
      progressBar(`Preparing ${title.title}`, title.progress),
    ];
  }
  const when = title.createdMs === null ? '' : `, published ${day(title.createdMs)}`;
  return [h('p', { class: 'tile__meta' }, `${title.kind === 'file' ? 'File' : 'Video'}${when}`)];
}

function emptyLibrary(publisher: boolean): HTMLElement {
  if (!publisher) {
    return h(
      'div',
      { class: 'empty' },
      h('h3', {}, 'No videos yet'),
      h('p', {}, 'What your company publishes appears here. You do not have to do anything.'),
    );
  }
  return h(
    'div',
    { class: 'empty' },
    h('h3', {}, 'Publish your first video'),
    h(
      'p',
      {},
      'Drop a file above, or send it from a terminal. ',
      'It is prepared for every screen, encrypted and signed, and then shows up here.',
    ),
    h('pre', {}, h('code', {}, 'dms publish FILE --title "All hands" --wait')),
  );
}
