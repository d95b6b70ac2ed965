/** Choosing the language and turning the page's own markup into it, before any of it is seen. */

import { setLanguage } from 'media-chrome/dist/utils/i18n.js';
import { byId } from '../ui/dom';
import { wish } from '../watch/wishes';
import { type Catalogue, speak, t } from './text';

/** The languages, as the portal has them; each is loaded when it is spoken. */
const CATALOGUES: Readonly<Record<string, () => Promise<{ readonly default: Catalogue }>>> = {
  de: () => import('./de'),
  fr: () => import('./fr'),
  es: () => import('./es'),
  ko: () => import('./ko'),
};

/** The language that is remembered, else the first of the browser's that there is; with the browser's region. Pure. */
export function preferred(remembered: string | null, asked: readonly string[]): string {
  const base = (tag: string) => tag.split('-')[0] ?? '';
  const known = (name: string) => name === 'en' || Object.hasOwn(CATALOGUES, name);
  const language = [remembered ?? '', ...asked.map(base)].find(known) ?? 'en';
  return asked.find((tag) => base(tag) === language) ?? language;
}

/** Texts and labels that are marked with `data-t`, of an element or of its attribute of that name. */
function translate(root: ParentNode): void {
  for (const element of root.querySelectorAll('[data-t]')) {
    const name = element.getAttribute('data-t');
    if (name) element.setAttribute(name, t(element.getAttribute(name) ?? ''));
    else element.textContent = t(element.textContent ?? '');
    // What is marked is not shown: see styles/base.css.
    element.removeAttribute('data-t');
  }
}

async function start(): Promise<void> {
  // The portal keeps the choice.
  const locale = preferred(wish('console.language'), navigator.languages);
  const language = locale.slice(0, 2);
  // A page without its texts still plays.
  const loaded = await CATALOGUES[language]?.().catch(() => null);
  const spoken = loaded || language === 'en' ? locale : 'en';
  speak(spoken, loaded?.default ?? {});
  setLanguage(spoken);
  document.documentElement.lang = spoken;
  const parts = byId<HTMLTemplateElement>('parts');
  translate(document);
  translate(parts.content);
  parts.replaceWith(parts.content);
}

let started: Promise<void> | undefined;

/** Speaks the person's language, and puts the player into the page: its parts take their labels when they are made. */
export function startLanguage(): Promise<void> {
  return (started ??= start());
}
