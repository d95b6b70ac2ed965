/** The texts of the page in its language, and numbers as its people write them. An English text is its own key. */

/** The texts of a language by their English ones. */
export type Catalogue = Readonly<Record<string, string>>;
/** What stands in a text's `{name}`; of a text in two forms `n` decides which. */
type Given = Readonly<Record<string, string | number>>;

/** Marks texts that reach {@link t} later: the test of the catalogues finds them by it. */
export type Texts = Readonly<Record<string, string>>;

let texts: Catalogue = {};
let tag = 'en';

/** Speaks the language of `locale` from now on. */
export function speak(locale: string, catalogue: Catalogue): void {
  tag = locale;
  texts = catalogue;
}

/** The language with its region, for `Intl`. */
export function locale(): string {
  return tag;
}

/** Whether the page speaks as the server does. */
export function isEnglish(): boolean {
  return tag.startsWith('en');
}

/** A number, with exactly so many digits behind the point if they are given. */
export function number(value: number, digits?: number, how: Intl.NumberFormatOptions = {}): string {
  const exact = digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(tag, { ...exact, ...how }).format(value);
}

/** The text in the page's language. `{n} line|{n} lines` is one for a count: the last form is for all but one. */
export function t(text: string, given: Given = {}): string {
  const [one = '', other = one] = (texts[text] ?? text).split('|');
  const form = new Intl.PluralRules(tag).select(Number(given.n)) === 'one' ? one : other;
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = given[name];
    return typeof value === 'number' ? number(value) : (value ?? whole);
  });
}
