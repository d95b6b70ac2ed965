/** Turning a language on: for each page with catalogues of its own. */

import { i18n, type Messages } from '@lingui/core';
import { type Language, preferred } from './languages';

/** A file of compiled texts. */
export interface Compiled {
  readonly messages: Messages;
}

/** The compiled texts of a page, by file, each loaded when it is spoken. */
type Catalogues = Record<string, () => Promise<Compiled>>;

export interface Spoken {
  /** Turns a language on and remembers it. */
  readonly choose: (language: Language) => Promise<void>;
  /** Turns on what this person speaks. */
  readonly startLanguage: () => Promise<void>;
}

/** What a page speaks; `remembered` is where this browser keeps the choice. */
export function spokenFrom(catalogues: Catalogues, remembered: string): Spoken {
  const speak = async (language: Language): Promise<void> => {
    const load = catalogues[`./compiled/${language}.mjs`];
    const messages = load ? (await load()).messages : {};
    i18n.loadAndActivate({ locale: language, messages });
    document.documentElement.lang = language;
  };
  return {
    choose: async (language) => {
      localStorage.setItem(remembered, language);
      await speak(language);
    },
    startLanguage: () => speak(preferred(localStorage.getItem(remembered), navigator.languages)),
  };
}
