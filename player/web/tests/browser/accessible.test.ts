import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { signIn } from '../../dev/drive.mjs';
import { sealTitle } from '../../dev/title';
import { servedStatesOf, statesOf } from './states';
import { Theatre } from './theatre';

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

const STATES = [...statesOf(theatre), ...servedStatesOf(theatre)];

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
