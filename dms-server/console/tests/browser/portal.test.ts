/** The portal's journeys, on a real server with a real video: looking for what was said, and being let in. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { readPlayer } from '../../../../player/web/dev/drive.mjs';
import { PAYLOADS } from '../../../../player/web/tests/payloads.ts';
import { tabTo } from './hands';
import { Agent } from './office';
import { CLIP } from './server';
import { type Account, close, Theatre } from './theatre';

const theatre = Theatre.forThisFile(['people.require_codes=false']);

/** When the sentence is said that is looked for, s. */
const SAID_AT_S = 12;
const CAPTIONS = `WEBVTT

00:01.000 --> 00:03.000
Welcome everybody

00:${SAID_AT_S}.500 --> 00:15.000
This quarter paid for the croissants
`;

let title = '';
let vera: Account & { readonly id: string };

/** The clip, five times: what was begun is known from the tenth second on. */
function longer(): Uint8Array<ArrayBuffer> {
  const made = join(tmpdir(), `dms-portal-${process.pid}.mp4`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-stream_loop', '4', '-i', CLIP, '-c', 'copy', made]);
  return new Uint8Array(readFileSync(made));
}

/** Moves through an open menu, in which the focus is, to the item that is called so. */
async function arrowTo(page: Page, name: string): Promise<void> {
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  for (let step = 0; step < 8; step++) {
    if ((await focused()) === name) return;
    await page.keyboard.press('ArrowDown');
  }
  throw new Error(`no arrow leads to ${name}, but to ${await focused()}`);
}

beforeAll(async () => {
  const { server } = theatre;
  const opened = await theatre.openAt('/', { signedIn: false });
  await opened.page.waitForURL('**/console/setup');
  await close(opened);
  vera = await theatre.account('vera', 'viewer');
  title = await server.publish('Q3 all hands', longer());
  await server.put(`/api/v1/titles/${title}/captions/en`, 'text/vtt', CAPTIONS);
});

it('leads from sign-in to the second in which something is said, and from there on, by the keyboard alone', async () => {
  const opened = await theatre.openAt('/', { signedIn: false });
  const { page } = opened;
  await tabTo(page, 'textbox', 'Name');
  await page.keyboard.type(vera.login);
  await tabTo(page, 'textbox', 'Password');
  await page.keyboard.type(vera.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'New' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('croiss');
  await expect.poll(() => page.locator('mark').allInnerTexts()).toEqual(['croiss']);
  expect(new URL(page.url()).search).toBe('?q=croiss');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname + url.search === `/watch/${title}?at=${SAID_AT_S}`);
  const at = async () => (await readPlayer(page))?.currentTime ?? 0;
  await expect.poll(at, { timeout: 60_000 }).toBeGreaterThan(SAID_AT_S);
  // What plays says where it is; so that it does not depend on how far that came, it is said once more.
  const noted = await page.evaluate(async (path) => {
    const body = JSON.stringify({ seconds: 14 });
    const answer = await fetch(path, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
    return answer.status;
  }, `/api/v1/me/progress/${title}`);
  expect(noted).toBe(204);

  await page.goto(theatre.server.url);
  const goOn = page.getByRole('region', { name: 'Continue watching' });
  await goOn.getByRole('link', { name: 'Q3 all hands' }).waitFor();
  expect(await goOn.getByRole('link', { name: 'Q3 all hands' }).getAttribute('href')).toContain('?at=');
  await tabTo(page, 'button', 'What to do with Q3 all hands');
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Save to my list' }).waitFor();
  await arrowTo(page, 'Save to my list');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'My list' }).waitFor();
  await tabTo(page, 'button', 'What to do with Q3 all hands');
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Take from my list' }).waitFor();
  await arrowTo(page, 'I like it');
  await page.keyboard.press('Enter');
  const mine = () =>
    page.evaluate(async (path) => (await fetch(path)).json() as Promise<object>, `/api/v1/me/titles/${title}`);
  await expect.poll(mine).toMatchObject({ saved: true, rating: 1 });
  await close(opened);
});

it('who is refused asks, the publisher lets them in, and what they were let in to comes by itself', async () => {
  const { server } = theatre;
  const board = (await (await server.call('POST', '/api/v1/groups', { name: 'Board' })).json()) as { id: string };
  await server.call('PUT', `/api/v1/titles/${title}/policy`, { audience: { groups: [board.id] } });
  const watching = await theatre.openAt('/my', { as: vera });
  await watching.page.getByText('You asked for nothing').waitFor();
  await watching.page.goto(`${server.url}/watch/${title}`);
  await watching.page.getByLabel('Why you need it').fill('For the audit on Friday');
  await watching.page.getByRole('button', { name: 'Request access' }).click();
  await watching.page.getByText('You asked for access.').waitFor();
  await watching.page.goto(`${server.url}/my`);
  await watching.page.locator('[data-request="open"]').getByText('A video that is not for you yet').waitFor();

  const console = await theatre.open('/');
  const { page } = console;
  await page.getByRole('link', { name: 'vera asks to watch Q3 all hands' }).click();
  const request = page.locator('[data-request]');
  await request.getByText('For the audit on Friday').waitFor();
  await page.getByRole('button', { name: 'Grant to vera' }).click();
  await expect.poll(() => request.getAttribute('data-request')).toBe('granted');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => request.getAttribute('data-request')).toBe('open');
  await page.goto(`${server.url}/console/titles/${title}?tab=policy`);
  await page.getByRole('button', { name: 'Grant to vera' }).click();
  await expect.poll(() => request.getAttribute('data-request')).toBe('granted');
  // Who leaves does at once what was decided.
  await page.goto(`${server.url}/console/library`);
  const granted = async () =>
    (await (await server.call('GET', '/api/v1/access-requests?state=granted')).json()) as { items: unknown[] };
  await expect.poll(granted).toMatchObject({ items: [{ person_name: 'vera' }] });
  await page.goto(`${server.url}/console/requests?state=granted`);
  await page.locator('[data-request="granted"]').getByText('vera').waitFor();
  await close(console);

  await watching.page.locator('[data-request="granted"]').getByRole('link', { name: 'Q3 all hands' }).waitFor();
  await close(watching);
});

it('what the PC keeps is listed by its name, is let go of, and comes back', async () => {
  const agent = await Agent.start(theatre.server, 7);
  try {
    await agent.ask('PUT', `/v1/kept/${title}`, {});
    const opened = await theatre.openAt(`/my?agent=${encodeURIComponent(agent.url)}`, { as: vera });
    const kept = opened.page.getByRole('region', { name: 'Without the network' });
    await kept.getByRole('link', { name: 'Q3 all hands' }).waitFor();
    await kept.getByText('Here', { exact: true }).waitFor({ timeout: 60_000 });
    await kept.getByRole('button', { name: 'Let go of Q3 all hands' }).click();
    await kept.getByText('Nothing is kept on this PC').waitFor();
    await opened.page.getByRole('button', { name: 'Undo' }).click();
    await kept.getByRole('link', { name: 'Q3 all hands' }).waitFor();
    await agent.stop();
    await opened.page.reload();
    await kept.getByText('No agent answers on this PC').waitFor();
    await close(opened);
  } finally {
    await agent.stop();
  }
});

it('what others wrote stays text: names, tags, descriptions, sentences, notes', async () => {
  const { server } = theatre;
  const made = (await (await server.call('GET', `/api/v1/titles/${title}`)).json()) as object;
  const titles = PAYLOADS.map((text, at) => ({
    ...made,
    id: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
    title: text,
    description: text,
    tags: [text.slice(0, 50)],
  }));
  const opened = await theatre.openAt('/settings', { as: vera }, async (page) => {
    const reply = (path: string, body: object) => page.route(path, (route) => route.fulfill({ json: body }));
    await reply('**/api/v1/titles?*', { items: titles, next_cursor: null });
    await reply('**/api/v1/me/for-you', { items: titles, why_empty: null });
    await reply('**/api/v1/me/access-requests', {
      items: titles.map(({ id, title: name }) => ({ id, title: id, title_name: name, note: name, state: 'open', created_ms: 1 })),
    });
    const lines = (text: string) => [{ lang: 'en', at_ms: 1_000, text }];
    const found = titles.map((one) => ({ title: one, by_description: true, lines: lines(one.title) }));
    await reply('**/api/v1/search?*', { items: found, truncated: false });
  });
  const { page } = opened;
  for (const path of ['/', '/all', '/search?q=script', '/my']) {
    await page.goto(server.url + path);
    const last = (PAYLOADS.at(-1) ?? '').replace(/\s+/g, ' ').trim();
    await page.getByText(last).first().waitFor({ state: 'attached' });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    expect(await page.evaluate(() => (globalThis as { __ran?: number }).__ran ?? 0), path).toBe(0);
    const elements = page.locator('iframe, embed, object, marquee, math, foreignObject, base, [onerror], [onload]');
    expect(await elements.count(), path).toBe(0);
  }
  await close(opened);
});
