/** The agent's page on real agents: what a person does there is what the process does, and nobody else can do it. */

import { readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../../../../player/web/dev/drive.mjs';
import { findings } from './axe';
import { press, write } from './hands';
import { Agent, until } from './office';
import { Server } from './server';

/** 40 Mbit/s and 2 GB. */
const COMPANY = "upload_limit = '5MB'\ncache_limit = '2GB'\n";
/** How soon the process must know of a pause, ms. */
const SOON_MS = 2_000;

let server: Server;
let browser: Browser;
let agent: Agent;
let colleague: Agent;
let title: string;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start(), launchBrowser()]);
  await server.call('POST', '/api/v1/sites', { name: 'Lyon', subnets: ['127.1.0.0/16'] });
  [agent, colleague] = await Promise.all([Agent.start(server, 1, COMPANY), Agent.start(server, 2)]);
  title = await server.publish('Canary film');
  await until('they know each other', async () => (await agent.status()).roster === 1);
});

beforeEach(async () => {
  await agent.say('resume');
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([agent?.stop(), colleague?.stop()]);
  await server?.stop();
});

interface Opened {
  readonly page: Page;
  /** Closes it, and fails when it broke its policy or asked somebody else. */
  close(): Promise<void>;
}

async function open(of: Agent, scheme: 'light' | 'dark' = 'light', link?: string): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: 1100, height: 900 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const violations: string[] = [];
  const own = of.url;
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedHTML/.test(message.text())) violations.push(message.text());
  });
  page.on('pageerror', (error) => violations.push(`uncaught: ${error}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${own}/`) && !/^(blob|data):/.test(url)) violations.push(`asked ${url}`);
  });
  await page.goto(link ?? (await of.link()));
  return {
    page,
    close: async () => {
      await context.close();
      expect(violations).toEqual([]);
    },
  };
}

const sentence = (page: Page) => page.locator('[data-sharing]');

test('the page opens by a link that works once, and says what is shared', async () => {
  const link = await agent.link();
  const opened = await open(agent, 'light', link);
  await until('the sentence', async () => {
    return (await sentence(opened.page).textContent()) === 'Sharing with 1 PC in Lyon, nothing over the internet';
  });
  expect(opened.page.url()).toBe(`${agent.url}/ui`);
  await opened.page.reload();
  await sentence(opened.page).waitFor();
  await opened.close();
  const second = await open(agent, 'light', link);
  await second.page.getByRole('heading', { name: 'Open this page from this PC' }).waitFor();
  await second.close();
});

test('a pause reaches the process within two seconds, lasts until it is taken back, and goes the other way too', async () => {
  const { page, close } = await open(agent);
  for (const name of ['Pause for 1 hour', 'Until tomorrow', 'Until I resume']) {
    await page.getByRole('button', { name }).click();
    const start = Date.now();
    await until('the pause', async () => (await agent.status()).sharing === 'paused');
    expect(Date.now() - start).toBeLessThan(SOON_MS);
    await page.locator('[data-sharing=paused]').waitFor();
    await page.getByRole('button', { name: 'Share again' }).click();
    await until('sharing', async () => (await agent.status()).sharing === 'on');
    await page.locator('[data-sharing=sharing]').waitFor();
  }
  await agent.say('pause', '--until', 'tomorrow');
  await page.locator('[data-sharing=paused]').waitFor();
  await agent.say('resume');
  await page.locator('[data-sharing=sharing]').waitFor();
  await close();
});

test("a cap above the company's limit snaps to it and says why", async () => {
  const { page, close } = await open(agent);
  const upload = page.locator('input[data-cap=upload]');
  const set = upload.locator('xpath=ancestor::form').getByRole('button', { name: 'Set', exact: true });
  const value = async () => {
    const caps = (await (await agent.ask('GET', '/v1/caps')).json()) as { upload: { value: number } };
    return caps.upload.value;
  };
  await upload.fill('16');
  await set.click();
  await until('the cap', async () => (await value()) === 2_000_000);
  await upload.fill('9000');
  await set.click();
  await page.getByText('Your company allows 40 Mbit/s at most, so 40 Mbit/s holds.').waitFor();
  expect(await upload.inputValue()).toBe('40 Mbit/s');
  expect(await value()).toBe(5_000_000);
  await upload.fill('0');
  await set.click();
  await page.getByText('Below 2 Mbit/s it would not work').waitFor();
  expect(await value()).toBe(250_000);
  await page.getByRole('button', { name: 'As my company allows' }).click();
  await until('the limit', async () => (await value()) === 5_000_000);
  await close();
});

test('what is stored is listed, and clearing says how much was freed', async () => {
  await agent.fetchWhole(title);
  const { page, close } = await open(agent);
  await page.getByRole('rowheader', { name: title }).waitFor();
  expect(await page.getByText('Canary film').count()).toBe(0);
  await page.getByRole('button', { name: 'Clear' }).click();
  const freed = page.locator('[data-freed]');
  await freed.waitFor();
  expect(Number(await freed.getAttribute('data-freed'))).toBeGreaterThan(100_000);
  // What somebody is just reading stays; it is cleared again.
  await until('room', async () => {
    const { used } = (await agent.status()).cache;
    if (used > 0) await agent.say('clear');
    return used === 0;
  });
  await page.locator('[data-used="0"]').waitFor();
  await close();
});

test('the connection is tested, and the bundle names nobody', async () => {
  const { page, close } = await open(agent);
  await page.getByRole('button', { name: 'Test my connection' }).click();
  await page.locator('[data-examined]').waitFor();
  for (const check of ['enrolment', 'dms', 'control', 'site', 'peers', 'disk']) {
    expect(await page.locator(`[data-check="${check}"]`).textContent()).toContain('Fine');
  }
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download support bundle' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('edge-peer-support.zip');
  const zip = readFileSync(await download.path()).toString('latin1');
  expect(zip.startsWith('PK')).toBe(true);
  expect(zip).toContain('"check": "chunk listener"');
  for (const canary of ['Canary', 'Lyon', title, readFileSync(`${agent.state}/local.token`, 'utf8')]) {
    expect(zip).not.toContain(canary);
  }
  await close();
});

test.each(['light', 'dark'] as const)('axe finds nothing in any state, %s', async (scheme) => {
  const { page, close } = await open(agent, scheme);
  await sentence(page).waitFor();
  expect(await findings(page)).toEqual([]);
  await page.locator('input[data-cap=upload]').fill('9000');
  await page.keyboard.press('Enter');
  await page.getByText('Your company allows').first().waitFor();
  await page.getByRole('button', { name: 'Test my connection' }).click();
  await page.locator('[data-examined]').waitFor();
  await page.getByRole('button', { name: 'Until I resume' }).click();
  await page.locator('[data-sharing=paused]').waitFor();
  expect(await findings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Quit the agent' }).click();
  await page.getByRole('dialog').waitFor();
  expect(await findings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Share again' }).click();
  await page.locator('[data-sharing=sharing]').waitFor();
  await close();
  const without = await open(agent, scheme, `${agent.url}/ui`);
  await without.page.getByRole('heading', { name: 'Open this page from this PC' }).waitFor();
  expect(await findings(without.page)).toEqual([]);
  await without.close();
});

test('every text is there in all five languages', async () => {
  const { page, close } = await open(agent);
  await sentence(page).waitFor();
  for (const [language, heading] of [
    ['Deutsch', 'Der Agent dieses PCs'],
    ['Français', 'L’agent de ce PC'],
    ['Español', 'El agente de este PC'],
    ['한국어', '이 PC의 에이전트'],
    ['English', 'The agent of this PC'],
  ] as const) {
    await page.locator('header select').nth(1).selectOption({ label: language });
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  }
  await close();
});

test('a page of another origin can neither read, nor do, nor frame any of it', async () => {
  let foreign: HttpServer | null = null;
  try {
    foreign = createServer((_, answer) => {
      answer.setHeader('content-type', 'text/html');
      answer.end(`<!doctype html><iframe src="${agent.url}/ui"></iframe><p>foreign`);
    });
    await new Promise<void>((ready) => foreign?.listen(0, '127.0.0.1', ready));
    const neighbour = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`;
    const code = new URLSearchParams(new URL(await agent.link()).hash.slice(1)).get('code');
    const before = await agent.status();
    // Another port of this PC, and the server's own pages, which may play.
    for (const origin of [neighbour, `${server.url}/watch/nothing`]) {
      const context = await browser.newContext({ bypassCSP: true });
      const page = await context.newPage();
      await page.goto(origin);
      const got = await page.evaluate(tryEverything, { base: agent.url, code });
      expect(got).toEqual([]);
      for (const frame of page.frames().slice(1)) expect(await frame.locator('[data-sharing]').count()).toBe(0);
      await context.close();
    }
    expect((await agent.status()).sharing).toBe(before.sharing);
    // Nobody spent the code.
    const opened = await open(agent, 'light', `${agent.url}/ui#code=${code}`);
    await sentence(opened.page).waitFor();
    await opened.close();
  } finally {
    foreign?.close();
  }
});

/** Runs in a foreign page: everything that it got or did. */
async function tryEverything({ base, code }: { base: string; code: string | null }): Promise<string[]> {
  const got: string[] = [];
  // A page of a portal may get a session, which is good for playing.
  const session = await fetch(`${base}/v1/session`, { method: 'POST' }).catch(() => null);
  const token = session?.ok ? ((await session.json()) as { token: string }).token : 'none';
  const headers = { authorization: `Bearer ${token}` };
  const tries: [string, string, BodyInit | null][] = [
    ['GET', '/ui', null],
    ['GET', '/v1/caps', null],
    ['PUT', '/v1/caps', '{"disk":1}'],
    ['GET', '/v1/stored', null],
    ['GET', '/v1/today', null],
    ['GET', '/v1/bundle', null],
    ['POST', '/v1/clear', null],
    ['POST', '/v1/doctor', null],
    ['POST', '/v1/quit', null],
    ['POST', '/v1/ui/code', null],
    ['POST', '/v1/ui/session', JSON.stringify({ code })],
  ];
  for (const [method, path, body] of tries) {
    for (const mode of ['cors', 'no-cors'] as const) {
      if (mode === 'no-cors' && method === 'PUT') continue;
      const init: RequestInit = { method, mode, credentials: 'include', body };
      if (mode === 'cors') init.headers = headers;
      const answer = await fetch(base + path, init).catch(() => null);
      if (answer?.ok) got.push(`${mode} ${method} ${path}`);
    }
  }
  const script = document.createElement('script');
  script.src = `${base}/v1/status`;
  document.head.append(script);
  return got;
}

test('J7: with the keyboard alone: pause, share, cap, clear, test, quit; and quit means quit', async () => {
  const gone = agent.url;
  await agent.fetchWhole(title);
  const { page, close } = await open(agent);
  await sentence(page).waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('To the content');
  await press(page, 'button', 'Until tomorrow');
  await until('the pause', async () => (await agent.status()).sharing === 'paused');
  await press(page, 'button', 'Share again');
  await until('sharing', async () => (await agent.status()).sharing === 'on');
  const name = await page.locator('input[data-cap=upload]').evaluate((input: HTMLInputElement) => {
    return input.getAttribute('aria-label') ?? input.labels?.[0]?.textContent ?? '';
  });
  await write(page, name, '9000');
  await page.keyboard.press('Enter');
  await page.getByText('Your company allows 40 Mbit/s at most, so 40 Mbit/s holds.').waitFor();
  await press(page, 'button', 'Clear');
  await page.locator('[data-freed]').waitFor();
  await press(page, 'button', 'Test my connection');
  await page.locator('[data-examined]').waitFor();
  await press(page, 'button', 'Quit the agent');
  await page.getByRole('dialog').waitFor();
  await press(page, 'button', 'Quit');
  expect(await agent.ended()).toBe(0);
  await page.getByRole('heading', { name: 'The agent ended' }).waitFor();
  expect(await findings(page)).toEqual([]);
  await until('its colleague knows', async () => (await colleague.status()).roster === 0);
  await expect(fetch(`${gone}/v1/hello`)).rejects.toThrow();
  await close();
});
