/** axe on every page: with nothing there, with something, and while the server fails. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultless, PAIR, settled } from './axe';
import { EMPTY, FAILING, PORTAL, PORTAL_EMPTY, PORTAL_FAILING, ROUTES } from './routes';
import { type Account, close, type Opened, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

/** Who watches; made when the console has been looked at without anybody. */
let made: Promise<Account> | null = null;
function watcher(): Promise<Account> {
  made ??= theatre.account('vera', 'viewer');
  return made;
}

/** One page for the tests of a group: what it has loaded once it need not load again. */
function onePage(before?: (page: Page) => Promise<void>, portal = false) {
  let opened: Opened | null = null;
  beforeAll(async () => {
    opened = portal
      ? await theatre.openAt('/settings', { as: await watcher() }, before)
      : await theatre.open('/no-such-page', {}, before);
  });
  afterAll(async () => {
    if (opened) await close(opened);
  });
  return async (path: string): Promise<Page> => {
    if (!opened) throw new Error('the page is not open yet');
    await opened.page.goto(`${theatre.server.url}${portal ? '' : '/console'}${path}`);
    expect(opened.violations, path).toEqual([]);
    return opened.page;
  };
}

describe('with nothing there', () => {
  const visit = onePage();
  it.each(EMPTY)('%s has no fault', async (path) => {
    const page = await visit(path);
    await settled(page);
    await faultless(page, path, PAIR);
  });

  it.each(['/', '/setup'])('%s has no fault for who is not signed in', async (path) => {
    const opened = await theatre.open(path, { signedIn: false });
    await settled(opened.page);
    await faultless(opened.page, path, PAIR);
    await close(opened);
  });
});

describe('the portal with nothing there', () => {
  const visit = onePage(undefined, true);
  it.each(PORTAL_EMPTY)('%s has no fault', async (path) => {
    const page = await visit(path);
    await settled(page);
    await faultless(page, path, PAIR);
  });

  it('its sign-in form has no fault', async () => {
    const opened = await theatre.openAt('/my', { signedIn: false });
    await settled(opened.page);
    await faultless(opened.page, 'sign-in', PAIR);
    await close(opened);
  });
});

describe('with something there', () => {
  let title = '';
  beforeAll(async () => {
    const { server } = theatre;
    const office = { days: ['mon', 'fri'], from: '08:00', until: '18:00', wan_cap_bytes_per_second: 1e6 };
    const wan_hours = { utc_offset_minutes: 60, windows: [office] };
    await server.call('POST', '/api/v1/sites', { name: 'Lyon', subnets: ['10.20.0.0/16'], wan_cap_bytes_per_second: 5e6, wan_hours });
    await server.call('POST', '/api/v1/people', { login: 'ana@example.com', name: 'Ana', roles: ['viewer'] });
    await server.call('POST', '/api/v1/groups', { name: 'Board' });
    await server.call('POST', '/api/v1/webhooks', { url: 'https://8.8.8.8/dms', events: [] });
    title = await server.publish('Q3 all hands');
    await server.call('POST', '/api/v1/campaigns', { title });
    await server.call('PATCH', `/api/v1/titles/${title}`, { tags: ['company'], description: 'What comes next.' });
    await theatre.stands(await watcher(), title);
    const seen = { title, began: true, path: 'origin', reason: 'denied', origin_bytes: 9e6, nearby_bytes: 2e7, played_ms: 6e4, stalled_ms: 900 };
    await server.call('POST', '/api/v1/delivery', seen);
    const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'text/vtt' };
    const body = 'WEBVTT\n\n00:00.000 --> 00:02.000\nWelcome\n\n00:01.000 --> 00:03.000\nto Lyon\n';
    await fetch(`${server.url}/api/v1/titles/${title}/captions/en`, { method: 'PUT', headers, body });
  });

  describe('as it should be', () => {
    const visit = onePage();

    it.each(ROUTES)('%s has no fault', async (path) => {
      const page = await visit(path.replace('{title}', title));
      await settled(page);
      await faultless(page, path);
    });

    it('what a campaign does, and the faults of a sheet, have none', async () => {
      const page = await visit('/campaigns');
      await page.getByRole('row').filter({ hasText: 'Q3 all hands' }).click();
      await page.getByRole('table', { name: 'Progress of each site' }).waitFor();
      await faultless(page, 'a campaign');
      await visit('/network/import');
      await page.getByLabel('Sheet').fill('site,subnets,more\nLyon,10.20.0.1/16,x\nParis,10.30.0.0/16,x\n');
      await page.getByRole('region', { name: 'Faults' }).waitFor();
      await faultless(page, 'the faults of a sheet');
    });

    it.each([
      ['the palette', 'Control+k', '[role="dialog"] input'],
      ['the list of keys', '?', '[role="dialog"] kbd'],
    ])('%s has no fault', async (what, key, shown) => {
      const page = await visit('/library');
      await settled(page);
      // A key that comes before the page listens is lost, as a person's would be: it is pressed again.
      const open = async () => {
        const count = await page.locator(shown).count();
        if (count === 0) await page.keyboard.press(key);
        return count;
      };
      await expect.poll(open, { timeout: 30_000, interval: 1_000 }).toBeGreaterThan(0);
      await faultless(page, what);
    });

    it('the menu of the person has no fault', async () => {
      const page = await visit('/library');
      await settled(page);
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.click('[aria-haspopup="menu"]');
      await page.waitForSelector('[role="menuitemradio"]');
      await faultless(page, 'the menu of the person');
    });
  });

  describe('the portal', () => {
    const visit = onePage(undefined, true);

    it.each(PORTAL)('%s has no fault', async (path) => {
      const page = await visit(path);
      await settled(page);
      await faultless(page, path);
    });

    it('the menus, the palette and the list of keys have no fault', async () => {
      const page = await visit('/');
      await page.getByRole('link', { name: 'Q3 all hands' }).first().waitFor();
      await page.getByRole('button', { name: 'What to do with Q3 all hands' }).first().click();
      await page.getByRole('menuitem', { name: 'Take from my list' }).waitFor();
      await faultless(page, 'the menu of a video');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Menu of vera' }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
      await faultless(page, 'the menu of the person');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').getByRole('searchbox').or(page.getByRole('dialog').getByRole('textbox')).first().waitFor();
      await faultless(page, 'the palette');
      await visit('/');
      await page.getByRole('link', { name: 'Q3 all hands' }).first().waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
      await faultless(page, 'the list of keys');
    });
  });

  describe('while the server fails', () => {
    const body = JSON.stringify({ code: 'internal', detail: 'A fault inside.', status: 500, request_id: 'r-1' });
    const failure = { status: 500, contentType: 'application/problem+json', body };
    const visit = onePage(async (page) => {
      await page.route('**/api/v1/**', (route) => route.fulfill(failure));
    });

    const visitPortal = onePage(async (page) => {
      await page.route('**/api/v1/**', (route) => route.fulfill(failure));
    }, true);

    it.each(PORTAL_FAILING)('the portal at %s says what failed, and has no fault', async (path) => {
      const page = await visitPortal(path);
      await page.locator('[data-request-id="r-1"]').first().waitFor();
      await page.getByText('A fault inside.').first().waitFor();
      await faultless(page, path, PAIR);
    });

    it.each(FAILING)('%s says what failed, with the id of the request, and has no fault', async (path) => {
      const page = await visit(path.replace('{title}', title));
      await page.locator('[data-request-id="r-1"]').first().waitFor();
      await page.getByText('A fault inside.').first().waitFor();
      await faultless(page, path, PAIR);
    });
  });
});
