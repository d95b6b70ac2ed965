/** Which language is on, and loading its texts. */

import { i18n, type Messages } from '@lingui/core';
import { type Language, preferred } from './languages';

export { LANGUAGES, type Language, preferred } from './languages';

const REMEMBERED = 'dms.console.language';

const catalogues = import.meta.glob<{ messages: Messages }>('./compiled/*.mjs');

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
