/** The cards for who may not watch: whom to ask, since when it is over, or how long until it opens. */

import type { PageError } from '../errors';
import * as portal from '../net/portal';
import { t } from '../i18n/text';
import { codeLine, details } from '../ui/cards';
import { h, rich } from '../ui/dom';
import { moment, remaining } from '../ui/format';
import { said } from '../ui/said';

/** What a refusal comes to. */
export type Refused = 'ask' | 'over' | 'opens' | 'other';

/** Which card an error is worth; null when it is no refusal. Pure. */
export function refusalOf(error: Pick<PageError, 'code' | 'denial'>, access: portal.Access | null): Refused | null {
  if (error.code === 'title_not_found') return access !== null && !access.seen ? 'ask' : null;
  if (error.code !== 'forbidden') return null;
  switch (error.denial) {
    case 'not_in_audience':
      return 'ask';
    case 'over':
      return 'over';
    case 'not_yet':
    case 'embargo':
      return access?.opensMs ? 'opens' : 'other';
    default:
      return 'other';
  }
}

/** A little after the moment itself: clocks differ. */
const GRACE_MS = 500;
const ASKED_KEY = 'dms.asked.';
/** The longest note, as the server takes it. */
const NOTE_MAX = 1000;

/** What the cards are about. */
export interface Refusal {
  readonly title: string;
  readonly error: PageError;
  readonly access: portal.Access | null;
  retry(): void;
}

/** The card; null when the error is no refusal. */
export function refusalCard(of: Refusal): HTMLElement | null {
  switch (refusalOf(of.error, of.access)) {
    case null:
      return null;
    case 'ask':
      return askCard(of);
    case 'over':
      return overCard(of);
    case 'opens':
      return opensCard(of);
    case 'other':
      return card(of, t('You may not watch this video'), policySays(of) ?? t('It is not open to you.'), published(of));
  }
}

function card({ error, retry }: Refusal, title: string, ...content: (Node | string | null)[]): HTMLElement {
  const again = h('button', { class: 'quiet', type: 'button', onclick: retry }, t('Try again'));
  const copy = h('button', { class: 'quiet', type: 'button' }, t('Copy details'));
  copy.addEventListener('click', () => {
    navigator.clipboard.writeText(details(error)).then(
      () => {
        copy.textContent = t('Copied');
      },
      () => copy.replaceWith(h('textarea', { class: 'card__details', readonly: true, rows: 6 }, details(error))),
    );
  });
  const paragraphs = content.map((part) => (typeof part === 'string' ? h('p', {}, part) : part));
  return h(
    'div',
    { class: 'card card--refusal', role: 'group', 'aria-labelledby': 'refusal-title' },
    h('h2', { id: 'refusal-title' }, title),
    ...paragraphs,
    codeLine(error.denial ?? error.code, error.requestId),
    h('div', { class: 'card__actions' }, again, copy, h('a', { class: 'button quiet', href: '/' }, t('Library'))),
  );
}

/** Why the policy says no; null when it does not say. */
function policySays({ error }: Refusal): string | null {
  return error.said === null ? null : said(error.denial ?? '', error.said);
}

function published({ access }: Refusal): HTMLElement | null {
  return access?.owner ? h('p', {}, ...rich('Published by {name}.', { name: h('strong', {}, access.owner) })) : null;
}

function overCard(of: Refusal): HTMLElement {
  const ended = of.access?.endsMs;
  const sentence = ended ? t('It could be watched until {moment}.', { moment: moment(ended) }) : t('It can no longer be watched.');
  return card(of, t('This video is no longer available'), sentence, published(of));
}

function opensCard(of: Refusal): HTMLElement {
  const opensMs = of.access?.opensMs ?? 0;
  const aheadMs = of.access?.aheadMs ?? 0;
  const left = h('p', { class: 'countdown', role: 'timer' });
  const leftMs = () => opensMs - aheadMs - Date.now();
  const draw = () => {
    left.textContent = remaining(leftMs());
  };
  draw();
  const sentence = t('It opens {moment}, and starts here by itself.', { moment: moment(opensMs - aheadMs) });
  const made = card(of, t('This video is not open yet'), sentence, left, published(of));
  // The card is over when it is no longer on the page: another try put something else there.
  const tick = setInterval(() => {
    if (!left.isConnected) return clearInterval(tick);
    draw();
    if (leftMs() > -GRACE_MS) return;
    clearInterval(tick);
    of.retry();
  }, 1000);
  return made;
}

function askedBefore(title: string): boolean {
  try {
    return localStorage.getItem(ASKED_KEY + title) !== null;
  } catch {
    return false;
  }
}

function noteAsked(title: string): void {
  try {
    localStorage.setItem(ASKED_KEY + title, String(Date.now()));
  } catch {
    // The next visit offers to ask again, which changes nothing.
  }
}

function askCard(of: Refusal): HTMLElement {
  const { access, title } = of;
  const denied = access?.denied;
  const state = h('div', { class: 'ask', role: 'status' });
  if (denied) {
    const who = denied.by ?? t('Whoever published it');
    const answered =
      denied.atMs === null
        ? t('{who} answered: access was not given. You can ask again a day later.', { who })
        : t('{who} answered {when}: access was not given. You can ask again a day later.', {
            who,
            when: moment(denied.atMs),
          });
    state.append(h('p', {}, answered));
  }
  if (askedBefore(title) && !denied) state.append(waits());
  else state.append(askForm(title, state));
  return card(
    of,
    t('You may not watch this video'),
    policySays(of) ??
      t('It is not shared with you, or there is none at this address: which of the two, only its publisher could say.'),
    state,
  );
}

function waits(): HTMLElement {
  return h('p', {}, t('You asked for access. Whoever published the video answers; this page opens when they let you in.'));
}

function askForm(title: string, state: HTMLElement): HTMLElement {
  const note = h('textarea', { id: 'ask-note', rows: 2, maxlength: NOTE_MAX });
  const send = h('button', { class: 'primary', type: 'submit' }, t('Request access'));
  const failed = h('p', { class: 'field__error', id: 'ask-error', role: 'alert' });
  const form = h(
    'form',
    { class: 'ask__form' },
    h('div', { class: 'field' }, h('label', { for: 'ask-note' }, t('Why you need it (optional)')), note),
    failed,
    h('div', { class: 'card__actions' }, send),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send.disabled = true;
    portal.askForAccess(title, note.value).then(
      (refusal) => {
        send.disabled = false;
        if (refusal !== null) {
          failed.textContent = refusal.detail;
          return;
        }
        noteAsked(title);
        state.replaceChildren(waits());
      },
      () => {
        send.disabled = false;
        failed.textContent = t('The request did not reach the server. Try again.');
      },
    );
  });
  return form;
}
