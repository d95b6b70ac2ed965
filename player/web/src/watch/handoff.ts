/**
 * Goes on in the player of this PC: the same page, served by its agent, which browsers do not gate. It opens in
 * another tab, by a click alone; this page plays on until the agent has taken over.
 */

import { t } from '../i18n/text';
import { type Json, json, text } from '../net/api';
import { home } from '../net/home';
import type { PathReason } from '../net/path';
import type { Ladder } from '../play/ladder';
import type { Route } from '../play/route';
import { PageError } from '../errors';
import { h } from '../ui/dom';

/** Between two looks whether the agent took over, ms. */
const LOOK_MS = 1_000;
/** How long it may take, ms. */
const PATIENCE_MS = 20_000;
/** The browser, or the person, stands between the page and the agent. */
const IN_THE_WAY: readonly PathReason[] = ['ask_first', 'refused_before', 'denied'];

/** Whether the way around the browser is of use. Pure. */
export function inTheWay(reason: PathReason | null, permission: string, protocol: string): boolean {
  if (reason === null) return false;
  // Some browsers let no https page reach the PC at all, and know no permission for it.
  if (reason === 'agent_silent') return permission === 'absent' && protocol === 'https:';
  return IN_THE_WAY.includes(reason);
}

export class Handoff {
  readonly #title: string;
  readonly #video: HTMLVideoElement;
  readonly #route: Route;
  readonly #ladder: Ladder;
  #say: (text: string) => void = () => undefined;

  constructor(title: string, video: HTMLVideoElement, route: Route, ladder: Ladder) {
    this.#title = title;
    this.#video = video;
    this.#route = route;
    this.#ladder = ladder;
  }

  /** Calls `say` with what there is to tell. */
  onSay(say: (text: string) => void): void {
    this.#say = say;
  }

  /** Whether the player of this PC would be another path than this page has. */
  get #possible(): boolean {
    const { log, current } = this.#route;
    if (home.agent || current === 'agent' || !location.pathname.startsWith('/watch/')) return false;
    return inTheWay(log.at(-1)?.reason ?? null, this.#ladder.permission, location.protocol);
  }

  /** The quiet way there, where there is one. */
  buttons(): HTMLElement[] {
    if (!this.#possible) return [];
    const open = h('button', { class: 'quiet', type: 'button', 'data-handoff': true }, t('Open in the player of this PC'));
    open.addEventListener('click', () => void this.#open());
    return [open];
  }

  async #open(): Promise<void> {
    // At once, while the click counts; where it leads is known in a moment.
    const tab = window.open('', '_blank');
    if (!tab) return this.#say(t('Your browser opened no other tab. Allow it for this page, then try again.'));
    let given: Json;
    try {
      given = (await json('/api/v1/me/handoff', { method: 'POST' })) as Json;
    } catch (error) {
      tab.close();
      const nobody = error instanceof PageError && / 409 /.test(error.message);
      return this.#say(
        nobody
          ? t('The player of this PC could not be opened. It opens for people only: sign in with your name.')
          : t('The player of this PC could not be opened. Try again in a moment.'),
      );
    }
    const at = Math.floor(this.#video.currentTime);
    tab.opener = null;
    const brings = new URLSearchParams({ code: text(given.code) ?? '', lang: document.documentElement.lang });
    tab.location.replace(`${this.#ladder.agentOrigin}/watch/${this.#title}?at=${at}#${brings}`);
    this.#say(t('Opening the player of this PC…'));
    await this.#follow(text(given.id) ?? '');
  }

  async #follow(id: string): Promise<void> {
    const ends = performance.now() + PATIENCE_MS;
    while (performance.now() < ends) {
      await new Promise((done) => setTimeout(done, LOOK_MS));
      const state = (await json(`/api/v1/me/handoff/${id}`).catch(() => null)) as Json | null;
      if (state?.used === true) {
        this.#video.pause();
        return this.#say(t('The video goes on in the player of this PC. Press play to watch it here again.'));
      }
    }
    this.#say(t('No player answered on this PC, so the video goes on here.'));
  }
}
