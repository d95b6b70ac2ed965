import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { signIn, waitForPlayer } from '../../dev/drive.mjs';
import { sealTitle } from '../../dev/title';
import { NO_AGENT, Theatre } from './theatre';

const theatre = Theatre.forThisFile();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What axe finds on the page, one line each. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    interface Found {
      violations: { id: string; nodes: { target: unknown; failureSummary?: string }[] }[];
    }
    const { axe } = globalThis as unknown as { axe: { run(root: Document, options: object): Promise<Found> } };
    const { violations } = await axe.run(document, { runOnly: tags });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${JSON.stringify(target)} ${failureSummary}`),
    );
  }, RULES);
}

interface State {
  readonly name: string;
  readonly path: () => string;
  readonly signedIn: boolean;
  readonly reach: (page: Page) => Promise<unknown>;
}

const watch = (query = '') => `/watch/${theatre.stage.title.id}?agent=${NO_AGENT}${query}`;
const playing = (page: Page) => waitForPlayer(page, (s) => s.currentTime > 0.3);

const STATES: State[] = [
  { name: 'watch, signed out', path: watch, signedIn: false, reach: (p) => p.waitForSelector('#login') },
  { name: 'watch, playing', path: watch, signedIn: true, reach: playing },
  {
    name: 'watch, with everything open',
    path: () => watch('&portal=public'),
    signedIn: true,
    async reach(page) {
      await playing(page);
      await page.keyboard.press('k');
      await page.keyboard.press('t');
      await page.waitForSelector('.line');
      await page.click('#why-button');
      await page.focus('#stage');
      await page.keyboard.press('s');
      await page.click('#settings-button');
    },
  },
  {
    name: 'watch, list of keys',
    path: watch,
    signedIn: true,
    async reach(page) {
      await playing(page);
      await page.keyboard.press('?');
    },
  },
  {
    name: 'watch, error',
    path: () => '/watch/no-title',
    signedIn: true,
    reach: (p) => p.waitForSelector('.card--error'),
  },
  {
    name: 'watch, not shared with this person',
    path: () => '/watch/00000000-0000-4000-8000-000000000000',
    signedIn: true,
    reach: (p) => p.waitForSelector('.ask__form'),
  },
  {
    name: 'watch, not open yet',
    path: () => {
      const { dms } = theatre.stage;
      dms.faults.denied = 'not_yet';
      dms.portal.access = { seen: true, opens_ms: Date.now() + 200_000_000, owner: 'Pia' };
      return watch();
    },
    signedIn: true,
    async reach(page) {
      await page.waitForSelector('.countdown');
      Object.assign(theatre.stage.dms.faults, { denied: null });
      theatre.stage.dms.portal.access = {};
    },
  },
  {
    name: 'watch, what is next',
    path: () => watch('&t=3'),
    signedIn: true,
    reach: (p) => p.waitForSelector('.card--next'),
  },
  {
    name: 'embed, playing',
    path: () => `/embed/${theatre.stage.title.id}?agent=${NO_AGENT}`,
    signedIn: true,
    reach: playing,
  },
  {
    name: 'watch, being prepared',
    path: () => `/watch/${theatre.stage.dms.addRow('Soon', { state: 'transcoding', progress_percent: 9 }).id}`,
    signedIn: true,
    reach: (p) => p.waitForSelector('.card--preparing'),
  },
  {
    name: 'the agent’s own page, playing',
    path: () => `${theatre.stage.agent.url}/watch/${theatre.stage.title.id}#code=${theatre.stage.dms.newCode()}`,
    signedIn: false,
    reach: playing,
  },
  {
    name: 'the agent’s own page, its session over',
    path: () => `${theatre.stage.agent.url}/watch/${theatre.stage.title.id}`,
    signedIn: false,
    reach: (p) => p.waitForSelector('#back'),
  },
];

beforeAll(async () => {
  const { dms, clip } = theatre.stage;
  dms.add(await sealTitle(clip), 'What comes next');
});

describe.each([
  ['dark', 1280],
  ['light', 390],
] as const)('no fault is found in the %s theme at %i pixels', (colorScheme, width) => {
  it.each(STATES)('$name', async ({ path, signedIn, reach }) => {
    const { dms } = theatre.stage;
    const browser = await theatre.browser();
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
    const page = await context.newPage();
    if (signedIn && path().startsWith('/embed/')) {
      // Nobody signs in within a frame: the session is there before.
      await context.addCookies([{ name: 'dms_session', value: dms.newSession(), url: dms.url }]);
    }
    await page.goto(new URL(path(), dms.url).href);
    if (signedIn) await signIn(page, dms.token);
    await reach(page);
    expect(await findings(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow, 'nothing sticks out to the side').toBeLessThanOrEqual(0);
    await context.close();
  });
});
