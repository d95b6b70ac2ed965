/** The cards both pages show: an error, and the sign-in form. */

import { type PageError, explain, toPageError } from '../errors';
import { signIn } from '../net/api';
import { h } from './dom';

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
  const copy = h('button', { class: 'quiet', type: 'button' }, 'Copy details');
  copy.addEventListener('click', () => void copyText(details(error), copy));
  const reload = () => location.reload();
  return h(
    'div',
    { class: 'card card--error', role: 'alert' },
    h('h2', {}, title),
    h('p', {}, sentence ?? usual),
    h(
      'p',
      { class: 'card__code' },
      'Code ',
      h('code', {}, error.code),
      error.requestId !== null && ' · request ',
      error.requestId !== null && h('code', {}, error.requestId),
    ),
    h(
      'div',
      { class: 'card__actions' },
      remedy === 'retry' && primary('Retry', actions.retry),
      remedy === 'reload' && primary('Load again', reload),
      remedy === 'library' && h('a', { class: 'button primary', href: '/' }, 'Go to the library'),
      copy,
    ),
  );
}

function primary(text: string, onclick: () => void): HTMLElement {
  return h('button', { class: 'primary', type: 'button', onclick }, text);
}

async function copyText(text: string, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    // Without permission to write, the text is shown for copying by hand.
    button.replaceWith(h('textarea', { class: 'card__details', readonly: true, rows: 6 }, text));
  }
}

/** The sign-in form; `done` runs once the session is there. */
export function signInCard(why: string, done: () => void): HTMLElement {
  const input = h('input', {
    id: 'token',
    name: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    placeholder: 'dms_…',
    spellcheck: 'false',
    'aria-describedby': 'token-help token-error',
  });
  const problem = h('p', { class: 'field__error', id: 'token-error', role: 'alert' });
  const button = h('button', { class: 'primary', type: 'submit' }, 'Sign in');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    problem.textContent = '';
    button.disabled = true;
    try {
      await signIn(input.value.trim());
      input.value = '';
      done();
    } catch (thrown) {
      const error = toPageError(thrown);
      const { title, sentence } = explain(error.code);
      problem.textContent = `${title}. ${sentence}`;
      input.setAttribute('aria-invalid', 'true');
      input.focus();
    } finally {
      button.disabled = false;
    }
  };
  return h(
    'form',
    { class: 'card card--sign-in', id: 'sign-in', onsubmit: (event: SubmitEvent) => void submit(event) },
    h('h2', {}, 'Sign in'),
    h('p', {}, why),
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'token' }, 'Access token'),
      input,
      h(
        'p',
        { class: 'field__help', id: 'token-help' },
        'It starts with dms_. Your administrator makes one for you.',
      ),
      problem,
    ),
    h('div', { class: 'card__actions' }, button),
  );
}
