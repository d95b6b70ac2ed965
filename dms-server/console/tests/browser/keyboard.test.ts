/** Journeys of who publishes, by the keyboard alone: nothing here clicks, fills in or moves the focus by script. */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { arrowTo, choose, give, moment, pick, press, tabTo, write } from './hands';
import { CLIP } from './server';
import { type Account, close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

const folder = mkdtempSync(join(tmpdir(), 'dms-keyboard-'));
let title = '';
let pia: Account & { readonly id: string };

interface Made {
  readonly id: string;
}

async function make(path: string, body: object): Promise<string> {
  return ((await (await theatre.server.call('POST', path, body)).json()) as Made).id;
}

beforeAll(async () => {
  const board = await make('/api/v1/groups', { name: 'Board' });
  const ana = await theatre.account('ana', 'viewer');
  await theatre.account('bob', 'viewer');
  pia = await theatre.account('pia', 'publisher');
  await theatre.server.call('PUT', `/api/v1/groups/${board}/members/${ana.id}`);
  await make('/api/v1/sites', { name: 'Lyon', subnets: ['127.0.0.0/8'] });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('J2: uploads a video, says who sees it while it is on its way, and copies its link', async () => {
  const opened = await theatre.open('/', { as: pia });
  const { page, context } = opened;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('heading', { level: 1 }).waitFor();
  // The last bytes wait until it was said who sees it.
  const held: (() => void)[] = [];
  await page.route('**/api/v1/uploads/*', async (route) => {
    if (route.request().method() === 'PATCH') await new Promise<void>((go) => held.push(go));
    // What was paused meanwhile is gone.
    await route.continue().catch(() => undefined);
  });
  await page.keyboard.press('u');
  const file = join(folder, 'town_hall.mp4');
  copyFileSync(CLIP, file);
  await give(page, 'Choose files', file);
  await press(page, 'button', /^Who sees town_hall\.mp4/);
  await page.getByRole('menuitem', { name: /^Keep to myself/ }).waitFor();
  await arrowTo(page, /^Keep to myself/);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Who sees town_hall.mp4: Keep to myself' }).waitFor();
  await press(page, 'button', 'Pause town_hall.mp4');
  await press(page, 'button', 'Resume town_hall.mp4');
  await expect.poll(() => held.length).toBe(2);
  for (const go of held) go();
  await press(page, 'link', 'Open the title');
  await page.getByRole('heading', { level: 1, name: 'town hall' }).waitFor();
  title = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  await page.getByText('Published', { exact: true }).first().waitFor({ timeout: 120_000 });
  const policy = (await (await theatre.server.call('GET', `/api/v1/titles/${title}/policy`)).json()) as object;
  expect(policy).toMatchObject({ policy: { audience: { groups: [], people: [pia.id] } } });
  await tabTo(page, 'tab', 'Overview');
  await arrowTo(page, 'Share and embed', 'ArrowRight');
  await press(page, 'button', 'Copy the link');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(`${theatre.server.url}/watch/${title}`);
  await close(opened);
});

it('J3: writes a policy, is told where it contradicts itself, and looks what it means for two people before it is saved', async () => {
  const opened = await theatre.open('/library');
  const { page } = opened;
  await press(page, 'link', 'town hall');
  await tabTo(page, 'tab', 'Overview');
  await arrowTo(page, 'Policy', 'ArrowRight');
  await choose(page, 'Groups', 'Board');
  await pick(page, 'Everywhere', 'Only at these places');
  await choose(page, 'Sites', 'Lyon');
  await moment(page, 'From', '06', '2027', '09:00');
  await moment(page, 'Until', '05', '2027', '09:00');
  await page.getByText('It ends before it begins').waitFor();
  expect(await page.getByRole('button', { name: 'Save the policy' }).isDisabled()).toBe(true);
  await moment(page, 'Until', '07', '2027', '09:00');
  await page.getByText('It ends before it begins').waitFor({ state: 'detached' });
  const look = async (person: string, outcome: string) => {
    await choose(page, 'Person', person);
    await press(page, 'button', 'Preview');
    await page.getByText(outcome).waitFor();
  };
  await look('bob', 'not_in_audience');
  await look('ana', 'not_here');
  await choose(page, 'Site', 'Lyon');
  await look('ana', 'not_yet');
  await moment(page, 'At', '06', '2027', '11:00');
  await look('ana', 'Would play');
  await press(page, 'button', 'Save the policy');
  await page.getByText('The policy is in force now.').waitFor();
  const policy = (await (await theatre.server.call('GET', `/api/v1/titles/${title}/policy`)).json()) as {
    policy: { audience: { groups: string[] }; places: { sites: string[] } };
  };
  expect([policy.policy.audience.groups.length, policy.policy.places.sites.length]).toEqual([1, 1]);
  await close(opened);
});

it('J4: gives captions by a file, is led to its fault, corrects a line, and names a chapter', async () => {
  const file = (text: string): string => {
    const path = join(folder, 'talk.de.srt');
    writeFileSync(path, text);
    return path;
  };
  const opened = await theatre.open(`/titles/${title}`);
  const { page } = opened;
  await tabTo(page, 'tab', 'Overview');
  await arrowTo(page, 'Captions and chapters', 'ArrowRight');
  await press(page, 'button', 'Add captions');
  await give(page, /^WebVTT or SRT file/, file('1\n00:00:05,000 --> 00:00:01,000\nHello\n'));
  await press(page, 'button', 'Look at the file');
  await page.getByRole('region', { name: 'Faults of the file' }).getByRole('cell', { name: '2:18' }).waitFor();
  await give(page, /^WebVTT or SRT file/, file('1\n00:00:00,000 --> 00:00:02,000\nHello\n'));
  await press(page, 'button', 'Look at the file');
  await page.getByText('The file has 1 line.').waitFor();
  await press(page, 'button', 'Keep it');
  await write(page, 'Text of caption 1', 'Hello Lyon');
  await page.keyboard.press('Control+s');
  const kept = async (what: string) => (await theatre.server.call('GET', `/api/v1/titles/${title}/${what}`)).text();
  await expect.poll(() => kept('captions/de')).toContain('Hello Lyon');
  await press(page, 'button', 'All captions');
  await page.getByText('There are no chapters').waitFor();
  await page.keyboard.press('c');
  await write(page, 'Name of chapter 1', 'Welcome');
  await press(page, 'button', 'Save the chapters');
  await expect.poll(() => kept('chapters')).toContain('Welcome');
  await close(opened);
});

it('J5: follows a delivery, freezes it, reads it as a table, and goes down to the site', async () => {
  const report = { title, began: true, path: 'origin', reason: 'ask_first', origin_bytes: 3_000_000, played_ms: 20_000, stalled_ms: 900 };
  const opened = await theatre.open(`/titles/${title}`);
  const { page } = opened;
  await tabTo(page, 'tab', 'Overview');
  await arrowTo(page, 'Delivery', 'ArrowRight');
  await page.getByText('No views in this time').waitFor();
  await theatre.server.call('POST', '/api/v1/delivery', report);
  // It comes by itself.
  await page.getByRole('img', { name: 'Where the video comes from' }).waitFor({ timeout: 60_000 });
  await press(page, 'button', 'Freeze');
  await expect.poll(() => new URL(page.url()).searchParams.has('from')).toBe(true);
  await tabTo(page, 'button', 'Copy the link to this time');
  await pick(page, 'Chart', 'Table', 'ArrowRight');
  await page.getByRole('columnheader', { name: 'From the origin' }).first().waitFor();
  await tabTo(page, 'row', /^Lyon/);
  await page.keyboard.press('Enter');
  await expect.poll(() => new URL(page.url()).searchParams.get('site')).toMatch(/^[0-9a-f-]{36}$/);
  await press(page, 'link', 'The site');
  await page.getByRole('dialog').getByLabel('Name', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await close(opened);
});
