/** Texts that want to be scripts, in every place where the pages show what somebody else wrote. */

import type { Page, Route } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { waitForPlayer } from '../../dev/drive.mjs';
import { PAYLOADS } from '../payloads';
import { NO_AGENT, Theatre, close } from './theatre';

const theatre = Theatre.forThisFile();

declare global {
  interface Window {
    /** Scripts of ours that ran out of a text. */
    __ran?: number;
    /** What the page's policy refused. */
    __refused?: string[];
  }
}

/** A page that notes what ran and what its policy refused. */
async function open(path: string, prepare: (page: Page) => Promise<void> = async () => {}) {
  const browser = await theatre.browser();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const violations: string[] = [];
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) violations.push(message.text());
  });
  page.on('pageerror', (error) => violations.push(`uncaught: ${error}`));
  page.on('dialog', (dialog) => void dialog.dismiss());
  await page.addInitScript(() => {
    window.__refused = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.__refused?.push(`${event.violatedDirective} ${event.sample} ${event.blockedURI}`);
    });
  });
  await context.setExtraHTTPHeaders({ authorization: `Bearer ${theatre.stage.dms.token}` });
  await prepare(page);
  await page.goto(theatre.stage.dms.url + path);
  return { page, context, violations };
}

/** Nothing ran, nothing was refused, and the texts are there as texts. */
async function silent(page: Page): Promise<void> {
  // Handlers of broken pictures and the like run in tasks of their own: after two frames they have.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  expect(await page.evaluate(() => [window.__ran ?? 0, window.__refused])).toEqual([0, []]);
  // None of the payloads' elements came to be.
  expect(await page.locator('iframe, embed, object, marquee, math, foreignObject, base, [onerror], [onload]').count()).toBe(0);
}

const reply = (status: number, body: object) => (route: Route) =>
  route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });

const shown = (text: string) => text.replace(/\s+/g, ' ').trim();

describe('hostile texts', () => {
  it('are many, and would run in a page that took them for HTML', async () => {
    expect(PAYLOADS.length).toBeGreaterThanOrEqual(50);
    expect(new Set(PAYLOADS).size).toBe(PAYLOADS.length);
    const page = await (await theatre.browser()).newPage();
    let ran = 0;
    for (const payload of PAYLOADS) {
      await page.goto('about:blank');
      await page.setContent(`<!doctype html><body>${payload}</body>`);
      ran += await page.evaluate(() => new Promise<number>((done) => setTimeout(() => done(Number((window.__ran ?? 0) > 0)), 20)));
    }
    await page.close();
    expect(ran).toBeGreaterThan(20);
  });

  it('stay texts in sign-in, its refusals, and the provider’s button', async () => {
    const path = `/watch/${theatre.stage.title.id}?agent=${NO_AGENT}`;
    let payload = PAYLOADS[0] ?? '';
    const all = PAYLOADS.join(' ');
    const opened = await open(path, async (page) => {
      const refusal = () => ({ code: 'unauthenticated', detail: payload, title: payload, errors: [{ fix: payload }] });
      await page.route('**/session', (route) => reply(401, refusal())(route));
      await page.route('**/api/v1/titles/*', (route) => reply(401, refusal())(route));
      await page.route('**/api/v1/session-options', (route) => reply(200, { oidc: { name: all } })(route));
    });
    const { page } = opened;
    await page.waitForSelector('#use-provider');
    expect(shown((await page.textContent('#use-provider')) ?? '')).toBe(shown(`Sign in with ${all}`));
    for (payload of PAYLOADS) {
      await page.fill('#login', payload.replaceAll('\n', ' '));
      await page.fill('#password', 'x');
      await page.click('#account button[type=submit]');
      const said = async () => shown((await page.textContent('#password-error')) ?? '');
      await expect.poll(said).toContain(shown(payload));
      await silent(page);
    }
    await close(opened);
  });

  it('stay texts on the watch page: the title that plays', async () => {
    const { dms, title } = theatre.stage;
    const row = dms.rows.find(({ id }) => id === title.id);
    const name = row?.title ?? '';
    const all = PAYLOADS.join(' ');
    if (row) row.title = all;
    const opened = await open(`/watch/${title.id}?agent=${NO_AGENT}`);
    await waitForPlayer(opened.page, (state) => state.currentTime > 0.1);
    expect(shown(await opened.page.title())).toContain(shown(all));
    await opened.page.keyboard.press('s');
    await silent(opened.page);
    await close(opened);
    if (row) row.title = name;
  });

  it('stay texts on the watch page: why a title does not play', async () => {
    const { title } = theatre.stage;
    const path = `/watch/${title.id}?agent=${NO_AGENT}`;
    let payload = PAYLOADS[0] ?? '';
    const opened = await open(path, async (page) => {
      const problem = () => ({ code: 'not_in_audience', title: payload, detail: payload, request_id: payload });
      await page.route('**/api/v1/titles/*/license', (route) => reply(403, problem())(route));
      const access = () => ({ seen: true, now_ms: 0, owner: payload, answer: { state: 'denied', by: payload } });
      await page.route('**/api/v1/me/access/*', (route) => reply(200, access())(route));
      await page.route(`**/api/v1/titles/${title.id}`, (route) => reply(403, problem())(route));
    });
    const { page } = opened;
    await page.waitForSelector('.card--refusal');
    for (payload of PAYLOADS) {
      const card = await page.$('.card--refusal');
      await page.click('.card--refusal > .card__actions button:first-child');
      // Another try makes another card.
      await card?.waitForElementState('hidden');
      await page.waitForSelector('.card--refusal');
      expect(shown((await page.textContent('.card--refusal')) ?? '')).toContain(shown(payload));
      expect(shown((await page.textContent('.ask')) ?? '')).toContain(shown(payload));
      await silent(page);
    }
    await close(opened);
  });
});
