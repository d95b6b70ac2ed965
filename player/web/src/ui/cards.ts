/** The card that both pages show when something went wrong. */

import { type PageError, explain } from '../errors';
import { t } from '../i18n/text';
import { h, rich } from './dom';

/** What an error card can do besides explaining. */
export interface ErrorActions {
  /** Goes on after the error. */
  retry(): void;
}

/** What a help desk wants to know, as text. */
export function details(error: PageError): string {
  return [
    `code: ${error.code}`,
    `request: ${error.requestId ?? 'none'}`,
    `detail: ${error.message}`,
    `page: ${location.href}`,
    `time: ${new Date().toISOString()}`,
    `browser: ${navigator.userAgent}`,
  ].join('\n');
}

/** An error in plain language, with what helps. `sentence` takes the place of the catalogue’s. */
export function errorCard(error: PageError, actions: ErrorActions, sentence?: string): HTMLElement {
  const { title, sentence: usual, remedy } = explain(error.code);
  const copy = h('button', { class: 'quiet', type: 'button' }, t('Copy details'));
  copy.addEventListener('click', () => void copyText(details(error), copy));
  const reload = () => location.reload();
  return h(
    'div',
    { class: 'card card--error', role: 'alert' },
    h('h2', {}, title),
    h('p', {}, sentence ?? error.said ?? usual),
    codeLine(error.code, error.requestId),
    h(
      'div',
      { class: 'card__actions' },
      remedy === 'retry' && primary(t('Retry'), actions.retry),
      remedy === 'reload' && primary(t('Load again'), reload),
      remedy === 'library' && h('a', { class: 'button primary', href: '/' }, t('Go to the library')),
      copy,
    ),
  );
}

/** What a help desk asks for first. */
export function codeLine(code: string, requestId: string | null): HTMLElement {
  const within = { code: h('code', {}, code), request: h('code', {}, requestId) };
  const line = rich(requestId === null ? 'Code {code}' : 'Code {code} · request {request}', within);
  return h('p', { class: 'card__code' }, ...line);
}

function primary(text: string, onclick: () => void): HTMLElement {
  return h('button', { class: 'primary', type: 'button', onclick }, text);
}

async function copyText(text: string, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = t('Copied');
  } catch {
    // Without permission to write, the text is shown for copying by hand.
    button.replaceWith(h('textarea', { class: 'card__details', readonly: true, rows: 6 }, text));
  }
}
