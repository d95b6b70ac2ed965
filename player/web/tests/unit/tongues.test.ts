import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import de from '../../src/i18n/de.json';
import es from '../../src/i18n/es.json';
import fr from '../../src/i18n/fr.json';
import ko from '../../src/i18n/ko.json';
import { PARTS } from '../../src/i18n/ko';
import { preferred } from '../../src/i18n/start';
import { type Catalogue, speak, t } from '../../src/i18n/text';
import { bitrate, bytes, day, estimate, remaining } from '../../src/ui/format';
import { said } from '../../src/ui/said';
import { allTexts, placeholders, strays } from '../texts';

const CATALOGUES: Record<string, Catalogue> = { de, fr, es, ko };
const file = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

afterEach(() => speak('en', {}));

describe('every text', () => {
  it('goes through the catalogues', () => {
    expect(strays()).toEqual([]);
    expect(allTexts().length).toBeGreaterThan(250);
  });

  it.each(Object.keys(CATALOGUES))('stands in %s, and nothing else does', (language) => {
    const [there, wanted] = [Object.keys(CATALOGUES[language] ?? {}), allTexts()];
    expect(wanted.filter((text) => !there.includes(text))).toEqual([]);
    expect(there.filter((text) => !wanted.includes(text))).toEqual([]);
  });

  it.each(Object.keys(CATALOGUES))('is translated whole in %s', (language) => {
    const plurals = new Set(new Intl.PluralRules(language).resolvedOptions().pluralCategories);
    for (const [text, translated] of Object.entries(CATALOGUES[language] ?? {})) {
      const [english, forms] = [text.split('|'), translated.split('|')];
      // One form for a language that counts without, as many as English has for the others.
      expect(forms.length, text).toBe(plurals.has('one') ? english.length : 1);
      for (const form of forms) {
        expect(placeholders(form), text).toEqual(placeholders(english.at(-1) ?? ''));
        expect(form.trim(), text).toBe(form);
        expect(form, text).not.toBe('');
        expect(/[.?!]$/.test(form), `${text} ends as in English`).toBe(/[.?!]$/.test(text));
      }
    }
  });
});

describe('counts', () => {
  const seconds = 'It begins in {n} second.|It begins in {n} seconds.';

  it.each([
    ['en', 1, 'It begins in 1 second.'],
    ['en', 0, 'It begins in 0 seconds.'],
    ['de', 1, 'Es beginnt in 1 Sekunde.'],
    ['de', 8, 'Es beginnt in 8 Sekunden.'],
    ['fr', 0, 'Elle commence dans 0 seconde.'],
    ['fr', 2, 'Elle commence dans 2 secondes.'],
    ['es', 1, 'Empieza en 1 segundo.'],
    ['es', 5, 'Empieza en 5 segundos.'],
    ['ko', 1, '1초 뒤에 시작합니다.'],
    ['ko', 3, '3초 뒤에 시작합니다.'],
  ])('%s, %i', (language, n, want) => {
    speak(language, CATALOGUES[language] ?? {});
    expect(t(seconds, { n })).toBe(want);
  });

  it('are written as the language does', () => {
    speak('de', de);
    expect(t('{n} line|{n} lines', { n: 12_345 })).toBe('12.345 Zeilen');
    expect([bytes(1_200_000), bitrate(4_250_000), remaining(90_000_000), estimate(5000)]).toEqual([
      '1,2 MB',
      '4,3 Mbit/s',
      '1 Tag, 1 h',
      'etwa 1,4 h',
    ]);
    speak('fr', fr);
    expect(bytes(1_200_000).replaceAll(/\s/g, ' ')).toBe('1,2 Mo');
    const noon = Date.UTC(2026, 10, 22, 12);
    expect(day(noon, noon)).toMatch(/^aujourd’hui à \d/);
    speak('ko', ko);
    expect(day(Date.UTC(2020, 0, 15, 12), noon)).toContain('2020년');
  });

  it('leave what was put in as it is', () => {
    speak('de', de);
    expect(t('Sign in with {name}', { name: '{name}|$&<b>' })).toBe('Mit {name}|$&<b> anmelden');
    expect(t('of no catalogue {x}')).toBe('of no catalogue {x}');
  });
});

describe('the language', () => {
  it.each<[string | null, string[], string]>([
    [null, ['de-CH', 'en'], 'de-CH'],
    [null, ['ja', 'fr'], 'fr'],
    [null, ['ja', 'zh-CN'], 'en'],
    [null, [], 'en'],
    [null, ['en-GB', 'de'], 'en-GB'],
    ['ko', ['de-CH', 'en'], 'ko'],
    ['en', ['de-CH', 'en-GB'], 'en-GB'],
    ['tlh', ['es-MX'], 'es-MX'],
    ['constructor', ['toString'], 'en'],
  ])('remembered %s, asked for %s', (remembered, asked, want) => {
    expect(preferred(remembered, asked)).toBe(want);
  });

  it('is one of those of the portal, remembered in the same place', () => {
    const portal = file('../../../../dms-server/console/src/i18n/languages.ts');
    const names = /LANGUAGES = \{([^}]*)\}/.exec(portal)?.[1]?.match(/^\s*\w+(?=:)/gm)?.map((name) => name.trim());
    expect(names?.sort()).toEqual(['en', ...Object.keys(CATALOGUES)].sort());
    for (const name of names ?? []) expect(preferred(name, [])).toBe(name);
    const key = /CONSOLE_LANGUAGE = '([^']+)'/.exec(portal)?.[1];
    expect(key).toBe('dms.console.language');
    expect(file('../../src/i18n/start.ts')).toContain(`wish('${key?.replace('dms.', '')}')`);
  });

  it('decides whose sentence tells of a refusal', () => {
    expect(said('over', 'It ended on Monday.')).toBe('It ended on Monday.');
    speak('es', es);
    expect(said('over', 'It ended on Monday.')).toBe('Ya no se puede ver.');
    expect(said('of_tomorrow', 'Something new.')).toBe('Something new.');
  });
});

describe('the buttons of Media Chrome', () => {
  it('have every Korean text that the parts on the page use', () => {
    const list = file('../../src/watch/media-chrome.ts');
    const parts = [...list.matchAll(/'media-chrome\/dist\/([\w-]+)\.js'/g)].map(([, name]) => name);
    const code = ['media-container', 'utils/time', ...parts].map((name) => file(`../../node_modules/media-chrome/dist/${name}.js`));
    const used = code.flatMap((text) => [...text.matchAll(/\bt\(\s*"([^"]+)"/g)].map(([, key = '']) => key));
    // Of sound without a picture there is no player here.
    const wanted = new Set(used.filter((key) => key !== 'audio player'));
    expect([...wanted].filter((key) => !(key in PARTS))).toEqual([]);
    expect(wanted.size).toBeGreaterThan(15);
  });
});
