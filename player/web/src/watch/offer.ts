/** The line below the picture: offers the office network, and says when the path changed. */

import type { Ladder } from '../play/ladder';
import type { Route } from '../play/route';
import { t } from '../i18n/text';
import { h } from '../ui/dom';
import type { Handoff } from './handoff';

const SHOWN_MS = 12_000;

export class Notice {
  readonly #line: HTMLElement;
  readonly #ladder: Ladder;
  readonly #handoff: Handoff;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #offered = false;

  constructor(line: HTMLElement, route: Route, ladder: Ladder, handoff: Handoff) {
    this.#line = line;
    this.#ladder = ladder;
    this.#handoff = handoff;
    handoff.onSay((text) => this.#say(text));
    route.onChange(({ reason }) => {
      if (reason === 'agent_lost') {
        this.#say(t('The edge peer on this PC stopped answering. The video goes on from the internet.'));
      } else if (reason === 'agent_back' || reason === 'agent_answers') {
        this.#say(t('The video comes from your office network now.'));
      }
    });
  }

  /** Whether the offer was shown. */
  get offered(): boolean {
    return this.#offered;
  }

  /** Says from where it goes on, and offers the beginning instead. */
  resumed(from: string, restart: () => void): void {
    const again = h('button', { class: 'quiet', type: 'button', id: 'restart' }, t('Start from the beginning'));
    again.addEventListener('click', () => {
      restart();
      this.#line.hidden = true;
    });
    // The offer of the office network matters more: it stays.
    if (this.#offered) return;
    const said = t('Going on from {time}, where you stopped.', { time: from });
    this.#show(h('p', {}, said), h('div', { class: 'notice__actions' }, again));
    this.#hideLater();
  }

  /** Offers the office network in one line. The browser's question only follows a click. */
  offer(): void {
    this.#offered = true;
    const yes = h('button', { class: 'primary', type: 'button', id: 'offer-yes' }, t('Use the office network'));
    const no = h('button', { class: 'quiet', type: 'button', id: 'offer-no' }, t('No thanks'));
    yes.addEventListener('click', () => void this.#accept(yes, no));
    no.addEventListener('click', () => {
      this.#ladder.refuse();
      this.#line.hidden = true;
    });
    const text = t('Play from your office network instead? Your browser will ask once.');
    this.#show(h('p', {}, text), h('div', { class: 'notice__actions' }, yes, no, ...this.#handoff.buttons()));
  }

  async #accept(yes: HTMLButtonElement, no: HTMLButtonElement): Promise<void> {
    yes.disabled = true;
    no.hidden = true;
    yes.textContent = t('Waiting for your browser…');
    switch (await this.#ladder.accept()) {
      case 'agent':
        return this.#say(t('The video comes from your office network now.'));
      case 'denied':
        this.#ladder.refuse();
        return this.#say(
          t('Your browser does not allow it, so the video goes on from the internet.'),
          ...this.#handoff.buttons(),
        );
      case 'no_agent':
        return this.#say(t('No edge peer answered on this PC, so the video goes on from the internet.'));
    }
  }

  #say(text: string, ...actions: HTMLElement[]): void {
    this.#show(h('p', {}, text), h('div', { class: 'notice__actions' }, ...actions));
    this.#hideLater();
  }

  #hideLater(): void {
    this.#timer = setTimeout(() => {
      this.#line.hidden = true;
    }, SHOWN_MS);
  }

  #show(...children: HTMLElement[]): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#line.setAttribute('role', 'status');
    this.#line.replaceChildren(...children);
    this.#line.hidden = false;
  }
}
