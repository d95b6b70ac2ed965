import { describe, expect, it } from 'vitest';
import { LANGUAGES, preferred } from '../../src/i18n';

const catalogues = import.meta.glob<string>('../../src/**/locales/*.po', { eager: true, query: '?raw', import: 'default' });

describe('the catalogues', () => {
  it.each(Object.keys(catalogues))('%s is complete', (file) => {
    const entries = (catalogues[file] ?? '').split(/\n\n+/).slice(1);
    const empty = entries.filter((entry) => /^msgid ".+"/m.test(entry) && /^msgstr ""$(?!\n")/m.test(entry));
    expect(empty).toEqual([]);
  });

  it('have the same texts in every language', () => {
    const ids = (text: string) => [...text.matchAll(/^msgid (.*)$/gm)].map(([, id]) => id).sort();
    for (const file of Object.keys(catalogues).filter((name) => name.endsWith('/en.po'))) {
      for (const language of Object.keys(LANGUAGES)) {
        const other = catalogues[file.replace('/en.po', `/${language}.po`)];
        expect(ids(other ?? ''), `${file} in ${language}`).toEqual(ids(catalogues[file] ?? ''));
      }
    }
  });
});

describe('the language', () => {
  it('is the remembered one, else the first that is asked for and there', () => {
    expect(preferred('ko', ['de'])).toBe('ko');
    expect(preferred(null, ['it-IT', 'fr-CA', 'de'])).toBe('fr');
    expect(preferred('klingon', ['it'])).toBe('en');
  });
});
