/** The language of the portal: the console's choice, from catalogues that have less. */

import { i18n, type Messages } from '@lingui/core';
import { type Language, preferred } from '~/i18n/languages';

/** The console's name for it, too: who uses both speaks one language. */
const REMEMBERED = 'dms.console.language';

const catalogues = import.meta.glob<{ messages: Messages }>('./compiled/*.mjs');

async function speak(language: Language): Promise<void> {
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
