/** The languages: which there are, which one is on, and loading its texts. */

import { i18n, type Messages } from '@lingui/core';

/** The languages, each by its own name. */
export const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  ko: '한국어',
} as const;

export type Language = keyof typeof LANGUAGES;

const REMEMBERED = 'dms.console.language';

const catalogues = import.meta.glob<{ messages: Messages }>('./compiled/*.mjs');

function isLanguage(name: string | undefined | null): name is Language {
  return name != null && Object.hasOwn(LANGUAGES, name);
}

/** The language that is remembered, else the first that the browser asks for and that there is. */
export function preferred(remembered: string | null, asked: readonly string[]): Language {
  if (isLanguage(remembered)) return remembered;
  return asked.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en';
}

/** Turns a language on. */
export async function speak(language: Language): Promise<void> {
  const load = catalogues[`./compiled/${language}.mjs`];
  const messages = load ? (await load()).messages : {};
  i18n.loadAndActivate({ locale: language, messages });
  document.documentElement.lang = language;
}

/** Turns a language on and remembers it. */
export async function choose(language: Language): Promise<void> {
  localStorage.setItem(REMEMBERED, language);
  await speak(language);
}

/** Turns on what this person speaks. */
export function startLanguage(): Promise<void> {
  return speak(preferred(localStorage.getItem(REMEMBERED), navigator.languages));
}
