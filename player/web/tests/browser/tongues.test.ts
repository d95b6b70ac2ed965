import { rm } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signIn } from '../../dev/drive.mjs';
import { sealTitle } from '../../dev/title';
import { INSTEAD_OF, buildPseudo, look } from './pseudo';
import { statesOf } from './states';
import { NO_AGENT, Theatre } from './theatre';

let dist = '';
const theatre = Theatre.forThisFile(async () => {
  dist = await buildPseudo();
  return dist;
});

const STATES = statesOf(theatre);
/** What the stage calls things. */
const DATA = ['Quarterly all-hands', 'What comes next', 'Soon', 'Pia', 'English', 'Deutsch', 'Numbers', 'Thanks', 'dms_…'];
const SPOKEN = ['Welcome to the quarterly meeting', 'First the numbers of Zürich', 'And thank you all', 'Willkommen', 'Vielen Dank'];

beforeAll(async () => {
  const { dms, clip } = theatre.stage;
  dms.add(await sealTitle(clip), 'What comes next');
});

afterAll(() => rm(dist, { recursive: true, force: true }));

/** A page in the language that the pseudo-language stands for, at one of the states. */
async function at(path: string, width: number, signedIn: boolean, reach: (page: Page) => Promise<unknown>): Promise<Page> {
  const { dms } = theatre.stage;
  const browser = await theatre.browser();
  const context = await browser.newContext({ locale: INSTEAD_OF, viewport: { width, height: 800 } });
  const page = await context.newPage();
  if (signedIn && path.startsWith('/embed/')) {
    await context.addCookies([{ name: 'dms_session', value: dms.newSession(), url: dms.url }]);
  }
  await page.goto(dms.url + path);
  if (signedIn) await signIn(page, dms.token);
  await reach(page);
  return page;
}

const MORE = [
  {
    name: 'watch, signing in with a token',
    path: () => `/watch/${theatre.stage.title.id}`,
    signedIn: false,
    async reach(page: Page) {
      await page.waitForSelector('#login');
      await page.click('#use-token');
      await page.fill('#token', 'dms_wrong');
      await page.click('#sign-in button[type=submit]');
      await page.waitForSelector('#token-error:not(:empty)');
    },
  },
  {
    name: 'watch, the policy says no',
    path: () => {
      theatre.stage.dms.faults.denied = 'too_many_streams';
      return `/watch/${theatre.stage.title.id}?agent=${NO_AGENT}`;
    },
    signedIn: true,
    async reach(page: Page) {
      await page.waitForSelector('.card--refusal');
      theatre.stage.dms.faults.denied = null;
    },
  },
  {
    name: 'watch, the office network is offered',
    path: () => `/watch/${theatre.stage.title.id}?agent=${NO_AGENT}&portal=public`,
    signedIn: true,
    reach: (page: Page) => page.waitForSelector('#offer-yes', { state: 'attached' }),
  },
  {
    name: 'embed, signed out',
    path: () => `/embed/${theatre.stage.title.id}`,
    signedIn: false,
    reach: (page: Page) => page.waitForSelector('.card a[target=_blank]'),
  },
];

describe.each([390, 1280])('at %i pixels all of the page is in its language, and there is room for it', (width) => {
  it.each([...STATES, ...MORE])('$name', async ({ path, signedIn, reach }) => {
    const page = await at(path(), width, signedIn, reach);
    expect(await look(page, [...DATA, ...SPOKEN])).toEqual({ untranslated: [], clipped: [] });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow, 'nothing sticks out to the side').toBeLessThanOrEqual(0);
    await page.context().close();
  });
});
