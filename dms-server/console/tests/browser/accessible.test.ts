import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { findings } from './axe';
import { EMPTY, FAILING, ROUTES } from './routes';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();
let title = '';

/** Nothing is being loaded any more, and nothing moves. */
async function settled(page: Page): Promise<void> {
  await page.waitForSelector('h1, h2');
  await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' });
}

async function clean(path: string, look: Parameters<Theatre['open']>[1], before?: (page: Page) => Promise<void>) {
  const opened = await theatre.open(path.replace('{title}', title), look, before);
  await settled(opened.page);
  expect(await findings(opened.page), path).toEqual([]);
  const over = await opened.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(over, 'nothing sticks out to the side').toBeLessThanOrEqual(0);
  await close(opened);
}

const LOOKS = [
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 390 },
] as const;

describe.each(LOOKS)('with nothing there, $scheme at $width', (look) => {
  it.each(EMPTY)('%s has no fault', (path) => clean(path, look));
  it('the sign-in form has no fault', () => clean('/', { ...look, signedIn: false }));
  it('the first start has no fault', () => clean('/setup', { ...look, signedIn: false }));
});

describe.each(LOOKS)('with a title, $scheme at $width', (look) => {
  beforeAll(async () => {
    if (title === '') title = await theatre.server.publish('Q3 all hands');
  });

  it.each(ROUTES)('%s has no fault', (path) => clean(path, look));

  it.each(FAILING)('%s has no fault when the server fails, and says what failed', async (path) => {
    const body = JSON.stringify({ code: 'internal', detail: 'A fault inside.', status: 500, request_id: 'r-1' });
    const opened = await theatre.open(path.replace('{title}', title), look, async (page) => {
      const failure = { status: 500, contentType: 'application/problem+json', body };
      await page.route('**/api/v1/**', (route) => route.fulfill(failure));
    });
    await opened.page.locator('[data-request-id="r-1"]').first().waitFor();
    await opened.page.getByText('A fault inside.').first().waitFor();
    expect(await findings(opened.page)).toEqual([]);
    await close(opened);
  });
});

describe('what opens over a page', () => {
  it.each([
    ['the palette', 'Control+k', '[role="dialog"] input'],
    ['the list of keys', '?', '[role="dialog"] kbd'],
  ])('%s has no fault', async (_, key, shown) => {
    const opened = await theatre.open('/library');
    await settled(opened.page);
    // A key that comes before the page listens is lost, as a person's would be: it is pressed again.
    const open = async () => {
      const count = await opened.page.locator(shown).count();
      if (count === 0) await opened.page.keyboard.press(key);
      return count;
    };
    await expect.poll(open, { timeout: 30_000, interval: 1_000 }).toBeGreaterThan(0);
    expect(await findings(opened.page)).toEqual([]);
    await close(opened);
  });

  it('the menu of the person has no fault', async () => {
    const opened = await theatre.open('/library', { scheme: 'dark' });
    await settled(opened.page);
    await opened.page.click('[aria-haspopup="menu"]');
    await opened.page.waitForSelector('[role="menuitemradio"]');
    expect(await findings(opened.page)).toEqual([]);
    await close(opened);
  });
});
