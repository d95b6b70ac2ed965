/** What axe finds on a page, in every look. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Look {
  readonly scheme: 'light' | 'dark';
  readonly width: number;
}

/** How a page may be looked at: both schemes, a desk and a telephone. */
const LOOKS = [
  { scheme: 'light', width: 1280 },
  { scheme: 'light', width: 390 },
  { scheme: 'dark', width: 390 },
  { scheme: 'dark', width: 1280 },
] as const satisfies readonly Look[];

/** Each scheme and each width once: for states that are made of pieces which stand elsewhere in every look. */
export const PAIR = [LOOKS[0], LOOKS[2]] as const;

/** The findings, one line each. Frames are pages of their own, with tests of their own. */
export async function findings(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    interface Found {
      violations: { id: string; nodes: { target: unknown; failureSummary?: string }[] }[];
    }
    const { axe } = globalThis as unknown as { axe: { run(root: unknown, options: object): Promise<Found> } };
    const options = { runOnly: tags, iframes: false, resultTypes: ['violations'] };
    const { violations } = await axe.run({ exclude: ['iframe'] }, options);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${JSON.stringify(target)} ${failureSummary}`),
    );
  }, RULES);
}

/** Nothing is being loaded any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('h1, h2');
  await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' });
}

/** The page has drawn itself in the scheme, and no colour is on its way to another. */
async function worn(page: Page, scheme: string): Promise<void> {
  await page.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor({ state: 'attached' });
  await page.evaluate(async () => {
    const drawn = () => new Promise((done) => requestAnimationFrame(done));
    await drawn();
    await drawn();
    const changing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(changing.map((transition) => transition.finished));
    // After an emulated change, Chromium 156 leaves some inherited colours of the other scheme behind.
    const { style } = document.documentElement;
    style.display = 'none';
    document.documentElement.getBoundingClientRect();
    style.display = '';
    await drawn();
  });
}

/** Fails when the page, as it stands, has a fault in one of these looks, or sticks out to the side. */
export async function faultless(page: Page, what: string, looks: readonly Look[] = LOOKS): Promise<void> {
  for (const { scheme, width } of looks) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    await worn(page, scheme);
    await settled(page);
    expect(await findings(page), `${what}, ${scheme} at ${width}`).toEqual([]);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over, `${what}, ${scheme} at ${width}: nothing sticks out to the side`).toBeLessThanOrEqual(0);
  }
}
