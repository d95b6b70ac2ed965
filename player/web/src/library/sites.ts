/** The strip of sites: what each office's WAN link carried. */

import type { Site } from '../net/api';
import { h } from '../ui/dom';
import { bytes } from '../ui/format';

/** Up to here the number is as good as the structure promises. */
const GOOD_COPIES = 1.1;
const FAIR_COPIES = 2;

export class Sites {
  readonly #strip: HTMLElement;
  #drawn = '';

  constructor(strip: HTMLElement) {
    this.#strip = strip;
  }

  show(sites: readonly Site[]): void {
    this.#strip.hidden = sites.length === 0;
    const drawn = JSON.stringify(sites);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#strip.replaceChildren(
      h(
        'div',
        { class: 'section-head' },
        h('h2', { id: 'sites-title' }, 'Sites'),
        h(
          'span',
          { class: 'muted' },
          'WAN copies: how often each piece crossed the office’s link. 1.0 is ideal.',
        ),
      ),
      h('ul', { class: 'sites__list' }, ...sites.map(siteCard)),
    );
  }
}

function siteCard(site: Site): HTMLElement {
  const copies = site.originBytes > 0 ? site.wanCopies : null;
  const grade = gradeOf(copies);
  const number = copies === null ? '–' : copies.toFixed(2);
  const said = copies === null ? 'Nothing fetched yet' : `${number} WAN copies`;
  return h(
    'li',
    { class: 'site' },
    h(
      'div',
      { class: 'site__copies', 'data-grade': grade },
      h('strong', { 'aria-hidden': 'true' }, number),
      h('span', { class: 'visually-hidden' }, said),
    ),
    h(
      'div',
      { class: 'site__text' },
      h('h3', {}, site.name),
      h('p', {}, peersText(site)),
      h('p', {}, bytesText(site)),
    ),
  );
}

function gradeOf(copies: number | null): string {
  if (copies === null) return 'none';
  if (copies <= GOOD_COPIES) return 'good';
  return copies <= FAIR_COPIES ? 'fair' : 'poor';
}

function peersText({ peers, peering }: Site): string {
  if (peering === 'off') return 'Peering is off: every PC asks the origin';
  if (peers === 0) return 'No PC is online';
  return peers === 1 ? '1 PC online' : `${peers} PCs online`;
}

function bytesText({ originBytes, peerBytes }: Site): string {
  if (originBytes === 0) return 'Nothing came over the WAN yet';
  const wan = `${bytes(originBytes)} over the WAN`;
  return peerBytes === null ? wan : `${wan}, ${bytes(peerBytes)} between PCs`;
}
