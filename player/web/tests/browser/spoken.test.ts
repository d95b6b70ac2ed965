import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { signIn } from '../../dev/drive.mjs';
import de from '../../src/i18n/de.json';
import es from '../../src/i18n/es.json';
import fr from '../../src/i18n/fr.json';
import ko from '../../src/i18n/ko.json';
import { look } from './pseudo';
import { statesOf } from './states';
import { Theatre } from './theatre';

const theatre = Theatre.forThisFile();
const STATES = statesOf(theatre);
const WHY = 'Why this quality?';

/** A page of somebody whose browser speaks `locale`, and what it fetched of catalogues. */
async function opened(locale: string, path: string, width = 1280): Promise<{ page: Page; fetched: string[] }> {
  const { dms } = theatre.stage;
  const context = await (await theatre.browser()).newContext({ locale, viewport: { width, height: 800 } });
  const page = await context.newPage();
  const fetched: string[] = [];
  page.on('request', (request) => {
    const name = /\/assets\/(de|fr|es|ko)-[^/]*\.js$/.exec(request.url())?.[1];
    if (name) fetched.push(name);
  });
  if (path.startsWith('/embed/')) {
    await context.addCookies([{ name: 'dms_session', value: dms.newSession(), url: dms.url }]);
  }
  await page.goto(dms.url + path);
  return { page, fetched };
}

describe.each([
  ['de-CH', de, 'abspielen'],
  ['fr', fr, 'lire'],
  ['es-MX', es, 'reproducir'],
  ['ko-KR', ko, '재생'],
] as const)('in %s', (locale, texts, play) => {
  it.each([390, 1280])('the page speaks it, with room for all of it at %i pixels', async (width) => {
    const everything = STATES.find(({ name }) => name === 'watch, with everything open');
    const { page, fetched } = await opened(locale, everything?.path() ?? '', width);
    await signIn(page, theatre.stage.dms.token);
    await everything?.reach(page);
    expect(await page.getAttribute('html', 'lang')).toBe(locale);
    expect(await page.textContent('#why-button')).toBe(texts[WHY]);
    expect(await page.getAttribute('#settings-button', 'aria-label')).toBe(texts['Speed and quality']);
    expect(await page.textContent('.menu__row span')).toBe(texts.Speed);
    expect(await page.getAttribute('.player__controls media-play-button', 'aria-label')).toBe(play);
    expect((await look(page, [], false)).clipped).toEqual([]);
    expect(fetched).toEqual([locale.slice(0, 2)]);
    await page.context().close();
  });

  it('the player in a frame speaks it', async () => {
    const embed = STATES.find(({ name }) => name === 'embed, playing');
    const { page } = await opened(locale, embed?.path() ?? '');
    await embed?.reach(page);
    expect(await page.getAttribute('html', 'lang')).toBe(locale);
    expect(await page.getAttribute('#settings-button', 'aria-label')).toBe(texts['Speed and quality']);
    await page.context().close();
  });
});

describe('the language of the page', () => {
  const error = '/watch/no-title';

  it('is the one chosen in the portal', async () => {
    const { page } = await opened('de-DE', error);
    await page.waitForSelector('.card--error');
    expect(await page.textContent('h2')).toBe(de['This link is not complete']);
    await page.evaluate(() => localStorage.setItem('dms.console.language', 'ko'));
    await page.reload();
    await page.waitForSelector('.card--error');
    expect(await page.textContent('h2')).toBe(ko['This link is not complete']);
    expect(await page.title()).toBe(ko['Nothing to watch']);
    await page.context().close();
  });

  it('is English for whoever speaks none of the five, and fetches nothing for it', async () => {
    const { page, fetched } = await opened('ja-JP', error);
    await page.waitForSelector('.card--error');
    expect([await page.textContent('h2'), await page.getAttribute('html', 'lang')]).toEqual(['This link is not complete', 'en']);
    expect(await page.isVisible('.brand span')).toBe(true);
    expect(fetched).toEqual([]);
    await page.context().close();
  });

  it('is English where the texts do not arrive', async () => {
    const { dms } = theatre.stage;
    const context = await (await theatre.browser()).newContext({ locale: 'fr-FR' });
    const page = await context.newPage();
    await page.route(/\/assets\/fr-/, (route) => route.abort());
    await page.goto(dms.url + error);
    await page.waitForSelector('.card--error');
    expect([await page.textContent('h2'), await page.getAttribute('html', 'lang')]).toEqual(['This link is not complete', 'en']);
    await context.close();
  });
});
