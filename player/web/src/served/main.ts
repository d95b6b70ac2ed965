/** The watch page as the agent of this PC serves it. Loaded there alone. */

import { startLanguage } from '../i18n/start';
import { t } from '../i18n/text';
import { Agent } from '../net/agent';
import { home } from '../net/home';
import { h, byId } from '../ui/dom';
import { Around } from '../watch/around';
import type { WatchAddress } from '../watch/address';
import { type PlayerParts, open } from '../watch/page';
import { narrowConnections } from '../watch/policy';
import type { PageError } from '../errors';
import { remember } from '../watch/wishes';
import { file } from './files';

/** Where the tab keeps its bearer: only this very origin, port included, reads it, and it ends with the tab. */
const BEARER = 'dms.here';
/** How long the agent may take for a hello, and for the DMS behind it, ms. */
const BUDGET_MS = 20_000;

/** The bearer for the code that the address brought; null: the code is not good any more. */
async function trade(code: string): Promise<string | null> {
  const answer = await fetch('/v1/watch/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
    credentials: 'omit',
    signal: AbortSignal.timeout(BUDGET_MS),
  });
  if (answer.status === 403) return null;
  if (!answer.ok) throw new Error(`the agent answered ${answer.status}`);
  const { token } = (await answer.json()) as { token?: unknown };
  return typeof token === 'string' ? token : null;
}

/** Takes the code out of the address, where nobody is to find it again. */
function takeCode(): string | null {
  const brought = new URLSearchParams(location.hash.slice(1));
  const [code, language] = [brought.get('code'), brought.get('lang')];
  // What the person speaks at the portal; an unknown one counts for nothing.
  if (language !== null) remember('console.language', language.slice(0, 2));
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  return code;
}

/** This page where the DMS has it, at the same place of the video. */
function back(origin: string): string {
  const at = Math.floor(byId<HTMLVideoElement>('video').currentTime);
  return `${origin}${location.pathname}${at > 0 ? `?at=${at}` : location.search}`;
}

function card(origin: string, title: string, sentence: string, retry?: () => void): HTMLElement {
  const link = h('a', { class: 'button primary', id: 'back', href: back(origin) }, t('Watch it in the portal'));
  const again = retry && h('button', { class: 'quiet', type: 'button' }, t('Try again'));
  again?.addEventListener('click', () => retry?.());
  return h(
    'div',
    { class: 'card card--error', role: 'alert' },
    h('h2', {}, title),
    h('p', {}, sentence),
    h('div', { class: 'card__actions' }, link, again ?? null),
  );
}

const over = (origin: string) =>
  card(
    origin,
    t('This session is over'),
    t('The player of this PC opens for as long as you are signed in at the portal. Go there, and open it again from the video.'),
  );

const gone = (origin: string, retry?: () => void) =>
  card(
    origin,
    t('The player of this PC does not answer'),
    t('The program that brings videos to this PC has stopped, or has no contact. The video can be watched in the portal.'),
    retry,
  );

/** What stands around the player here: who has to sign in or is refused does that in the portal. */
class ServedAround extends Around {
  readonly #origin: string;
  readonly #retry: () => void;

  constructor(parts: PlayerParts, origin: string) {
    super(parts);
    this.#origin = origin;
    this.#retry = parts.retry;
  }

  override signIn(): Promise<HTMLElement> {
    sessionStorage.removeItem(BEARER);
    return Promise.resolve(over(this.#origin));
  }

  override failed(error: PageError): Promise<HTMLElement | null> {
    if (error.code === 'origin_unreachable') return Promise.resolve(gone(this.#origin, this.#retry));
    if (error.code === 'forbidden' || error.code === 'title_not_found') {
      const why = error.said ?? t('The portal says why, and whom to ask.');
      return Promise.resolve(card(this.#origin, t('This video does not open here'), why));
    }
    return Promise.resolve(null);
  }
}

/** Says what there is to say in place of the player. */
function show(content: HTMLElement): void {
  document.body.dataset.phase = 'error';
  byId('overlay').replaceChildren(content);
}

/** Links to the portal lead to where it is. */
function leadBack(origin: string): void {
  const repair = (event: Event) => {
    const link = (event.target as Element | null)?.closest?.('a[href="/"]');
    link?.setAttribute('href', `${origin}/`);
  };
  document.querySelector('a.brand')?.setAttribute('href', `${origin}/`);
  for (const kind of ['click', 'auxclick']) document.addEventListener(kind, repair, true);
}

/** Begins. `origin` is where the DMS has its pages. */
export async function begin(address: WatchAddress, origin: string): Promise<void> {
  const code = takeCode();
  narrowConnections(location.origin);
  // Before anything is said, and before there is a player.
  await startLanguage();
  leadBack(origin);
  await enter(address, origin, code);
}

async function enter(address: WatchAddress, origin: string, code: string | null): Promise<void> {
  try {
    const bearer = code === null ? sessionStorage.getItem(BEARER) : await trade(code);
    if (bearer === null) return show(over(origin));
    sessionStorage.setItem(BEARER, bearer);
    home.agent = await Agent.connect(location.origin, AbortSignal.timeout(BUDGET_MS), bearer);
  } catch {
    return show(gone(origin, () => void enter(address, origin, code)));
  }
  home.file = file;
  void open(address, async () => (parts) => new ServedAround(parts, origin));
}
