/** The page `/device`: a person sees what asks to act for them, compares the code, and lets it in or refuses. */

import * as api from '../net/api';
import { explain, toPageError } from '../errors';
import { h } from './dom';
import { card } from './sign-in';

/** Asks for the code and shows what waits with it; `given` is the code in the page's address, or nothing. */
export function approveCard(subject: string, given: string): HTMLElement {
  const place = h('div', { class: 'sign-in', id: 'let-in' });
  const show = (content: HTMLElement) => {
    place.replaceChildren(content);
    content.querySelector<HTMLElement>('input, button')?.focus();
  };
  const look = async (code: string): Promise<string | null> => {
    const found = await api.asking(code);
    if ('detail' in found) return found.detail;
    show(question(subject, found, show));
    return null;
  };
  const form = codeForm(given, look);
  show(form);
  // Whoever came with the code in the address need not type it, but compares it all the same. A form that is in no
  // document yet is not sent: the caller puts it there first.
  if (given !== '') queueMicrotask(() => form.requestSubmit());
  return place;
}

function codeForm(given: string, look: (code: string) => Promise<string | null>): HTMLFormElement {
  const form = card({
    id: 'user-code',
    title: 'Let a command line in',
    why: 'Type the code that it shows.',
    action: 'Go on',
    fields: [
      {
        id: 'grant-code',
        label: 'Code',
        autocomplete: 'off',
        placeholder: 'BCDF-GHJK',
        help: 'Eight letters, good for ten minutes.',
      },
    ],
    send: (value) => look(value('grant-code')),
  });
  const input = form.querySelector('input');
  if (input) input.value = given;
  return form;
}

function question(subject: string, asking: api.Asking, show: (content: HTMLElement) => void): HTMLElement {
  const problem = h('p', { class: 'field__error', id: 'let-in-error', role: 'alert' });
  const answer = async (approve: boolean) => {
    problem.textContent = '';
    try {
      const refused = await api.answerAsking(asking.userCode, approve);
      if (refused === null) return show(done(approve));
      problem.textContent = refused.detail;
    } catch (thrown) {
      const { title, sentence } = explain(toPageError(thrown).code);
      problem.textContent = `${title}. ${sentence}`;
    }
  };
  const button = (id: string, kind: string, label: string, approve: boolean) =>
    h('button', { class: kind, type: 'button', id, onclick: () => void answer(approve) }, label);
  const asked = new Date(asking.createdMs).toLocaleTimeString();
  const roles = asking.roles.join(', ').replaceAll('_', ' ');
  return h(
    'section',
    { class: 'card card--sign-in', id: 'let-in-question', 'aria-labelledby': 'let-in-title' },
    h('h2', { id: 'let-in-title' }, 'Does it act for you?'),
    h('p', { id: 'let-in-what' }, `“${asking.name}” asked at ${asked} from the address ${asking.address}.`),
    h('p', {}, 'It must show this code now:'),
    h('p', {}, h('code', { class: 'secret', id: 'let-in-code' }, asking.userCode)),
    h(
      'p',
      {},
      `Approve only if you started it yourself. It will do whatever ${subject} may do (${roles}) until you sign it out.`,
    ),
    problem,
    h(
      'div',
      { class: 'card__actions' },
      button('refuse', 'quiet', 'Refuse', false),
      button('approve', 'primary', 'Approve', true),
    ),
  );
}

function done(approved: boolean): HTMLElement {
  const [title, why] = approved
    ? ['It may go on', 'The command line goes on within a few seconds. You can close this page.']
    : ['Refused', 'It got nothing. If you did not start it, somebody may have sent you its address: tell your IT.'];
  return h(
    'section',
    { class: 'card card--sign-in', id: 'let-in-done', role: 'status', tabindex: '-1' },
    h('h2', {}, title),
    h('p', {}, why),
    h('div', { class: 'card__actions' }, h('a', { class: 'button', href: '/' }, 'To the library')),
  );
}
