/** The chip on the picture and the card below it: where the video comes from, drawn and in words. */

import { type Nearness, type SourceBytes, totalBytes } from '../net/sources';
import type { PlayReport } from '../play/report';
import type { Route } from '../play/route';
import { t } from '../i18n/text';
import { h } from '../ui/dom';
import { bytes } from '../ui/format';
import { bytesSentence, chipText, pathSentence } from './words';

/** Not more often than this, ms: segments come in bursts. */
const REDRAW_MS = 250;

const PARTS: readonly (readonly [keyof SourceBytes, Nearness, () => string])[] = [
  ['cache', 'nearby', () => t('This PC')],
  ['peer', 'nearby', () => t('PCs nearby')],
  ['edge', 'office', () => t('Office cache')],
  ['origin', 'internet', () => t('Internet')],
];

export class Delivery {
  readonly #card: HTMLElement;
  readonly #chip: HTMLElement;
  readonly #route: Route;
  readonly #report: PlayReport;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(card: HTMLElement, chip: HTMLElement, route: Route, report: PlayReport) {
    this.#card = card;
    this.#chip = chip;
    this.#route = route;
    this.#report = report;
    route.onChange(() => this.#soon());
    report.whenBytesCome(() => this.#soon());
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#draw();
    }, REDRAW_MS);
  }

  #draw(): void {
    const near = this.#report.nearness;
    const last = this.#route.log.at(-1);
    if (!last) return;
    const sentence = pathSentence(last.to, last.reason, near);
    this.#chip.hidden = near === null;
    if (near) {
      this.#chip.textContent = chipText(near);
      this.#chip.dataset.near = near;
      this.#chip.title = sentence;
    }
    this.#card.hidden = false;
    this.#card.replaceChildren(
      h(
        'div',
        { class: 'delivery__head' },
        h('h2', { id: 'delivery-title' }, t('Delivery')),
        near && h('span', { class: 'chip', 'data-near': near }, chipText(near)),
      ),
      h('p', {}, sentence),
      this.#bar(),
      this.#legend(),
    );
  }

  #bar(): HTMLElement {
    const sum = this.#report.bytes;
    const total = Math.max(1, totalBytes(sum));
    const bar = h('div', { class: 'stack', role: 'img', 'aria-label': bytesSentence(sum) });
    for (const [name, near] of PARTS) {
      if (sum[name] === 0) continue;
      const part = h('span', { class: 'stack__part', 'data-near': near, 'data-part': name });
      part.style.flexGrow = String(sum[name] / total);
      bar.append(part);
    }
    return bar;
  }

  #legend(): HTMLElement {
    const sum = this.#report.bytes;
    const shown = PARTS.filter(([name]) => sum[name] > 0);
    if (shown.length === 0) return h('p', { class: 'muted' }, bytesSentence(sum));
    return h(
      'ul',
      { class: 'legend' },
      ...shown.map(([name, near, label]) =>
        h(
          'li',
          { 'data-near': near, 'data-part': name },
          h('span', {}, label()),
          h('strong', {}, bytes(sum[name])),
        ),
      ),
    );
  }
}
