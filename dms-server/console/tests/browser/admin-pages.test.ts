import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { isWrong } from './hands';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

/** The pages of who keeps network and system. */
const ROUTES = [
  '/network',
  '/network?site=new',
  '/network?q=nothing-is-called-so',
  '/network?tab=peers',
  '/network?tab=changes',
  '/network/import',
  '/rollout',
  '/campaigns',
  '/campaigns?add=yes',
  '/campaigns/00000000-0000-4000-8000-000000000000',
  '/people',
  '/people?person=new',
  '/people?tab=groups',
  '/people?tab=groups&group=new',
  '/settings',
  '/settings?webhook=new',
  '/settings?tab=tokens',
  '/settings?tab=keys',
  '/settings?tab=identity',
  '/settings?tab=look',
] as const;

/** Those that ask for something, and have to say so when it is refused. */
const FAILING = [
  '/network',
  '/network?tab=peers',
  '/network?tab=changes',
  '/rollout',
  '/campaigns',
  '/people',
  '/people?tab=groups',
  '/settings',
  '/settings?tab=tokens',
  '/settings?tab=keys',
  '/settings?tab=identity',
] as const;

const LOOKS = [
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 1280 },
  { scheme: 'dark', width: 390 },
] as const;

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds, each with the place. */
async function found(page: Page): Promise<string[]> {
  await page.waitForSelector('h1');
  await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' });
  await page.evaluate(axe.source);
  return page.evaluate(async (tags) => {
    const { axe: looker } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await looker.run(document, { runOnly: { type: 'tag', values: tags } });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  }, TAGS);
}

async function isClean(path: string, look: (typeof LOOKS)[number]): Promise<void> {
  const opened = await theatre.open(path, look);
  expect(await found(opened.page)).toEqual([]);
  const over = await opened.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(over, 'nothing sticks out to the side').toBeLessThanOrEqual(0);
  await close(opened);
}

describe.each(LOOKS)('with nothing there, $scheme at $width', (look) => {
  it.each(ROUTES)('%s has no fault', (path) => isClean(path, look));

  it.each(FAILING)('%s says what failed when the server does, with the id of the request', async (path) => {
    const opened = await theatre.open('/no-such-page', look);
    const { page } = opened;
    const body = JSON.stringify({ code: 'internal', detail: 'A fault inside.', status: 500, request_id: 'r-1' });
    await page.route('**/api/v1/**', (route) =>
      route.fulfill({ status: 500, contentType: 'application/problem+json', body }),
    );
    await page.goto(`${theatre.server.url}/console${path}`);
    await page.locator('[data-request-id="r-1"]').first().waitFor();
    await page.getByText('A fault inside.').first().waitFor();
    expect(await found(page)).toEqual([]);
    await close(opened);
  });
});

describe('with something there', () => {
  beforeAll(async () => {
    const { server } = theatre;
    await server.call('POST', '/api/v1/sites', { name: 'Lyon', subnets: ['10.20.0.0/16'], wan_cap_bytes_per_second: 5e6 });
    await server.call('POST', '/api/v1/people', { login: 'ana@example.com', name: 'Ana', roles: ['viewer'] });
    await server.call('POST', '/api/v1/groups', { name: 'Board' });
    await server.call('POST', '/api/v1/webhooks', { url: 'https://8.8.8.8/dms', events: [] });
    const title = await server.publish('Q3 all hands');
    await server.call('POST', '/api/v1/campaigns', { title });
  });

  it.each(LOOKS)('no page has a fault, $scheme at $width', async (look) => {
    for (const path of ROUTES) await isClean(path, look);
    const opened = await theatre.open('/campaigns', look);
    await opened.page.getByRole('row').filter({ hasText: 'Q3 all hands' }).click();
    await opened.page.getByRole('table', { name: 'Progress of each site' }).waitFor();
    expect(await found(opened.page)).toEqual([]);
    await opened.page.goto(`${theatre.server.url}/console/network/import`);
    await opened.page.getByLabel('Sheet').fill('site,subnets,more\nLyon,10.20.0.1/16,x\nParis,10.30.0.0/16,x\n');
    await opened.page.getByRole('region', { name: 'Faults' }).waitFor();
    expect(await found(opened.page)).toEqual([]);
    await close(opened);
  });

  it('a webhook, a person, a token and a campaign say what is wrong, with the code and the fix', async () => {
    const opened = await theatre.open('/settings?webhook=new');
    const { page } = opened;
    const { url } = theatre.server;
    for (const [address, fix] of [
      ['', ''],
      ['not an address', ''],
      // Which of its faults is named first depends on whether the name can be resolved here.
      ['http://hooks.example.com/', ''],
      ['https://127.0.0.1/', ''],
      ['ftp://hooks.example.com/', ''],
    ] as const) {
      await page.getByLabel('Address').fill(address);
      await page.getByRole('button', { name: 'Save' }).click();
      await isWrong(page.getByLabel('Address'), '', fix);
      expect(await page.locator('[data-problem-code]').innerText()).toBe('invalid_webhook');
    }
    await page.goto(`${url}/console/people?person=new`);
    const form = page.getByRole('dialog');
    for (const [login, name, password, label, code] of [
      ['', 'Bo', '', 'Signs in as', 'invalid_login'],
      ['with spaces', 'Bo', '', 'Signs in as', 'invalid_login'],
      ['bo@example.com', '', '', 'Name', 'length'],
      ['bo@example.com', 'Bo', 'short', 'Password', 'weak_password'],
      ['ana@example.com', 'Ana', '', 'Signs in as', 'taken'],
    ] as const) {
      await form.getByLabel('Signs in as').fill(login);
      await form.getByLabel('Name', { exact: true }).fill(name);
      await form.getByLabel('Password', { exact: true }).fill(password);
      await form.getByRole('button', { name: 'Save' }).click();
      await isWrong(form.getByLabel(label, { exact: true }), code, '');
    }
    await page.goto(`${url}/console/settings?tab=tokens`);
    for (const [name, days, label, code] of [
      ['CI', 'many', 'Days', 'not_a_number'],
      ['', '9', 'What it is for', 'length'],
      ['CI', '9', 'Roles', 'empty'],
    ] as const) {
      await page.getByLabel('What it is for').fill(name);
      await page.getByLabel('Days').fill(days);
      await page.getByRole('button', { name: 'Make it' }).click();
      await isWrong(page.getByLabel(label, { exact: true }).first(), code, '');
    }
    await page.goto(`${url}/console/campaigns?add=yes`);
    for (const copies of ['many', '', '1.5']) {
      await page.getByLabel('Copies at each site').fill(copies);
      await page.getByRole('button', { name: 'Make it' }).click();
      await isWrong(page.getByLabel('Title', { exact: true }).first(), 'required', 'Choose');
      await isWrong(page.getByLabel('Copies at each site'), 'not_a_number', '1 to 8');
    }
    await close(opened);
  });
});
