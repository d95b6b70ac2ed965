import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { type Listening, listen, sendBytes } from '../../dev/http';
import { NO_AGENT, Theatre } from './theatre';

const theatre = Theatre.forThisFile();
const others: Listening[] = [];
afterAll(async () => {
  for (const other of others) await other.close();
});

/** A page of somebody else that shows `src` in a frame and keeps what it hears. */
async function host(src: string): Promise<string> {
  const page = `<!doctype html><iframe id="frame" src="${src}" allow="autoplay" width="640" height="360"></iframe>`;
  const script = `<script>window.heard = [];
    addEventListener('message', (e) => heard.push({ origin: e.origin, data: e.data }));</script>`;
  const listening = await listen(0, (exchange) => sendBytes(exchange, 'text/html', page + script));
  others.push(listening);
  return listening.url;
}

interface Heard {
  readonly origin: string;
  readonly data: string;
}

const heard = (page: Page) => page.evaluate(() => (globalThis as unknown as { heard: Heard[] }).heard);
const events = async (page: Page) =>
  (await heard(page)).map(({ data }) => JSON.parse(data) as { event: string; value?: unknown; listener?: string });

async function until(page: Page, event: string): Promise<{ event: string; value?: unknown; listener?: string }> {
  for (let i = 0; i < 200; i++) {
    const found = (await events(page)).findLast((one) => one.event === event);
    if (found) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${event} did not come: ${JSON.stringify(await heard(page))}`);
}

function say(page: Page, message: unknown): Promise<void> {
  return page.evaluate((sent) => {
    const frame = document.querySelector('iframe');
    frame?.contentWindow?.postMessage(sent, '*');
  }, message);
}

const call = (method: string, more: object = {}) => JSON.stringify({ context: 'player.js', version: '0.0.11', method, ...more });

describe('a player in a page of others', () => {
  it('plays, obeys and tells where the policy names the page, and nowhere else', async () => {
    const { dms, title } = theatre.stage;
    const src = `${dms.url}/embed/${title.id}?agent=${NO_AGENT}`;
    const good = await host(src);
    dms.faults.frames = good;
    const opened = await theatre.open(`${dms.url}/watch/${title.id}?agent=${NO_AGENT}`);
    const { page, context } = opened;
    await page.waitForSelector('body[data-phase=ready]');
    await page.goto(good);
    const ready = await until(page, 'ready');
    expect(ready.value).toMatchObject({ src: `${dms.url}/embed/${title.id}` });
    expect(new Set((await heard(page)).map(({ origin }) => origin))).toEqual(new Set([dms.url]));

    // Nonsense changes nothing and is answered by nothing.
    const before = (await heard(page)).length;
    for (const nonsense of [5, 'x', { context: 'player.js', method: 'constructor' }, call('setCurrentTime', { value: 'x' })]) {
      await say(page, nonsense);
    }
    await say(page, call('pause'));
    await say(page, call('setCurrentTime', { value: 2 }));
    await say(page, call('getCurrentTime', { listener: 'a' }));
    expect(await until(page, 'getCurrentTime')).toMatchObject({ value: 2, listener: 'a' });
    expect((await events(page)).slice(before).map(({ event }) => event)).toEqual(['getCurrentTime']);
    for (const value of ['play', 'timeupdate', 'ended']) await say(page, call('addEventListener', { value }));
    await say(page, call('play'));
    await until(page, 'ended');
    const told = (await events(page)).map(({ event }) => event);
    expect(told).toEqual(expect.arrayContaining(['play', 'timeupdate', 'ended']));
    // What the page around hears names nobody and nothing.
    expect(JSON.stringify(await heard(page))).not.toContain('Quarterly');

    // Only its parent is heard, not what else is in the page: here the frame itself.
    const frame = page.frames().find((one) => one.url().startsWith(dms.url));
    const asked = call('getDuration', { listener: 'mine' });
    await frame?.evaluate((message) => window.postMessage(message, '*'), asked);
    await say(page, call('getPaused', { listener: 'yours' }));
    expect(await until(page, 'getPaused')).toMatchObject({ value: true, listener: 'yours' });
    expect((await events(page)).map(({ event }) => event)).not.toContain('getDuration');

    // Signed out it says so, and asks for no password in a frame.
    dms.signEveryoneOut();
    await page.goto(good);
    const inside = page.frameLocator('#frame');
    await inside.locator('.card a.primary').waitFor();
    expect(await inside.locator('.card a.primary').getAttribute('target')).toBe('_blank');
    expect(await inside.locator('input[type=password], #login, #token').count()).toBe(0);

    // A page that the policy does not name gets nothing to show.
    const bad = await host(src);
    await page.goto(bad);
    const refused = page.frames().find((one) => one !== page.mainFrame());
    expect(refused?.url()).toMatch(/^chrome-error:/);
    await context.close();
  });
});
