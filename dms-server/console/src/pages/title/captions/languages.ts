/** Languages of captions. */

/** What is offered; any other tag may be typed. */
export const COMMON = ['en', 'de', 'fr', 'es', 'it', 'pt', 'pt-BR', 'nl', 'pl', 'sv', 'ja', 'ko', 'zh-Hans', 'zh-Hant', 'ar'];

/** "pt-BR" -> "Portuguese (Brazil)", in the language of the page. */
export function languageName(tag: string, locale: string): string {
  try {
    return new Intl.DisplayNames(locale, { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** "Portuguese (Brazil)" as its speakers write it: what people read in the player's menu. */
export function ownName(tag: string): string {
  const name = languageName(tag, tag);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** "talk.pt-BR.srt" -> "pt-BR"; null: the name does not say. */
export function languageOfFile(name: string): string | null {
  const found = /[._-]([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.(?:vtt|srt)$/i.exec(name)?.[1];
  if (!found) return null;
  try {
    const [tag] = Intl.getCanonicalLocales(found);
    // A word that only looks like a tag has no name but itself.
    return tag && languageName(tag, 'en') !== tag ? tag : null;
  } catch {
    return null;
  }
}
