/** The forms before anybody is signed in: with an account, or with a token. */

import * as api from '../net/api';
import { explain, toPageError } from '../errors';
import { t } from '../i18n/text';
import { h } from './dom';
import { said } from './said';

/** One line of a form. */
interface Field {
  readonly id: string;
  readonly label: string;
  readonly type?: 'text' | 'password';
  readonly autocomplete: string;
  readonly help?: string;
  readonly placeholder?: string;
  readonly numeric?: boolean;
}

export interface Form {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly fields: readonly Field[];
  readonly action: string;
  /** What else the card shows below the text. */
  readonly extra?: HTMLElement;
  /** Buttons beside the one that sends. */
  readonly others?: readonly HTMLElement[];
  /** Sends the values; a sentence when it was refused. */
  send(values: (id: string) => string): Promise<string | null>;
}

function row(field: Field): HTMLElement {
  const help = field.help === undefined ? null : `${field.id}-help`;
  const input = h('input', {
    id: field.id,
    name: field.id,
    type: field.type ?? 'text',
    autocomplete: field.autocomplete,
    inputmode: field.numeric ? 'numeric' : null,
    required: true,
    placeholder: field.placeholder,
    autocapitalize: 'none',
    spellcheck: 'false',
    'aria-describedby': help === null ? `${field.id}-error` : `${help} ${field.id}-error`,
  });
  return h(
    'div',
    { class: 'field' },
    h('label', { for: field.id }, field.label),
    input,
    help !== null && h('p', { class: 'field__help', id: help }, field.help ?? ''),
  );
}

/** A card with a form. What is wrong stands below the fields and is told to screen readers. */
export function card(form: Form): HTMLFormElement {
  const last = form.fields.at(-1)?.id ?? form.id;
  const problem = h('p', { class: 'field__error', id: `${last}-error`, role: 'alert' });
  const button = h('button', { class: 'primary', type: 'submit' }, form.action);
  const element = h(
    'form',
    { class: 'card card--sign-in', id: form.id },
    h('h2', {}, form.title),
    h('p', {}, form.why),
    form.extra ?? null,
    ...form.fields.map(row),
    problem,
    h('div', { class: 'card__actions' }, button, ...(form.others ?? [])),
  );
  const input = (id: string) => element.querySelector<HTMLInputElement>(`#${id}`);
  const submit = async () => {
    problem.textContent = '';
    button.disabled = true;
    try {
      const refused = await form.send((id) => input(id)?.value.trim() ?? '');
      if (refused === null) return;
      problem.textContent = refused;
    } catch (thrown) {
      const { title, sentence } = explain(toPageError(thrown).code);
      problem.textContent = `${title}. ${sentence}`;
    } finally {
      button.disabled = false;
    }
    input(last)?.setAttribute('aria-invalid', 'true');
    input(last)?.focus();
  };
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit();
  });
  return element;
}

function quiet(text: string, onclick: () => void, id: string): HTMLElement {
  return h('button', { class: 'quiet', type: 'button', id, onclick }, text);
}

/** The way through the company's identity provider, which leads back to this page. */
function providerLink(name: string): HTMLElement {
  const next = encodeURIComponent(location.pathname + location.search);
  return h('a', { class: 'button', id: 'use-provider', href: `/session/oidc?next=${next}` }, t('Sign in with {name}', { name }));
}

/** The sign-in form; `done` runs once the session is there. */
export function signInCard(why: string, done: () => void): HTMLElement {
  const place = h('div', { class: 'sign-in', id: 'sign-in' });
  void api.provider().then((name) => {
    if (name !== null) place.querySelector('.card__actions')?.prepend(providerLink(name));
  });
  const show = (form: HTMLFormElement) => {
    place.replaceChildren(form);
    // Into a page that is still hidden nothing is focused; whoever shows the card does it then.
    form.querySelector<HTMLInputElement>('input')?.focus();
  };
  const withToken = () => show(tokenForm(why, done, withAccount));
  const withAccount = () => show(accountForm(why, done, withToken));
  withAccount();
  return place;
}

function accountForm(why: string, done: () => void, other: () => void): HTMLFormElement {
  const code: Field = {
    id: 'code',
    label: t('Code'),
    autocomplete: 'one-time-code',
    numeric: true,
    help: t('The six digits that your authenticator app shows.'),
  };
  const element = card({
    id: 'account',
    title: t('Sign in'),
    why,
    action: t('Sign in'),
    fields: [
      { id: 'login', label: t('Name'), autocomplete: 'username' },
      { id: 'password', label: t('Password'), type: 'password', autocomplete: 'current-password' },
    ],
    others: [quiet(t('Use a token'), other, 'use-token')],
    async send(value) {
      const given = { login: value('login'), password: value('password'), code: value('code') };
      const refused = await api.signInAs(given);
      if (refused === null) {
        done();
        return null;
      }
      const first = refused.code === 'code_needed' && element.querySelector('#code') === null;
      if (first) element.querySelector('#password-error')?.before(row(code));
      if (refused.code.startsWith('code_')) element.querySelector<HTMLInputElement>('#code')?.focus();
      return said(refused.code, refused.detail);
    },
  });
  return element;
}

function tokenForm(why: string, done: () => void, other: () => void): HTMLFormElement {
  return card({
    id: 'by-token',
    title: t('Sign in'),
    why,
    action: t('Sign in'),
    fields: [
      {
        id: 'token',
        label: t('Access token'),
        type: 'password',
        autocomplete: 'current-password',
        placeholder: 'dms_…',
        help: t('It starts with dms_. Your administrator makes one for you.'),
      },
    ],
    others: [quiet(t('Use a name'), other, 'use-name')],
    async send(value) {
      await api.signIn(value('token'));
      done();
      return null;
    },
  });
}
