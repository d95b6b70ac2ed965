/** The languages: which there are, and which a person speaks. */

/** The languages, each by its own name. */
export const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  ko: '한국어',
} as const;

export type Language = keyof typeof LANGUAGES;

/** Where a browser keeps the choice for the console and the portal: who uses both speaks one language. */
export const CONSOLE_LANGUAGE = 'dms.console.language';

function isLanguage(name: string | undefined | null): name is Language {
  return name != null && Object.hasOwn(LANGUAGES, name);
}

/** The language that is remembered, else the first that the browser asks for and that there is. */
export function preferred(remembered: string | null, asked: readonly string[]): Language {
  if (isLanguage(remembered)) return remembered;
  return asked.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en';
}
