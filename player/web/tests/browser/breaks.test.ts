import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DevBreak } from '../../dev/ads';
import { readPlayer, waitForPlayer } from '../../dev/drive.mjs';
import { type SealedTitle, sealTitle } from '../../dev/title';
import type { PlayerState } from '../../src/watch/state';
import { NO_AGENT, type Opened, Theatre, close } from './theatre';

const theatre = Theatre.forThisFile();
let creative: SealedTitle;
const WHOLE = ['impression', 'start', 'first_quartile', 'midpoint', 'third_quartile', 'complete'];
/** How long the content may stand still, with what a busy machine adds, ms. */
const STILL_MS = 1_000;

beforeAll(async () => {
  const { dms, clip } = theatre.stage;
  creative = await sealTitle(clip);
  dms.add(creative, 'An ad');
});

afterEach(() => {
  theatre.stage.dms.ads.down = false;
  theatre.stage.dms.ads.place(theatre.stage.title.id, []);
});

async function watch(breaks: readonly DevBreak[], query = ''): Promise<Opened> {
  const { dms, title } = theatre.stage;
  dms.ads.place(title.id, breaks);
  dms.asked.length = 0;
  return theatre.open(`${dms.url}/watch/${title.id}?agent=${NO_AGENT}${query}`);
}

const told = () => theatre.stage.dms.ads.events.map(({ event }) => event);
const ended = (state: PlayerState) => state.phase === 'ended';

async function until(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await test())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const shown = (page: Page) => page.waitForSelector('.ad[data-shown]', { timeout: 30_000 });
const gone = (page: Page) => page.waitForSelector('.ad:not([data-shown])', { state: 'attached', timeout: 30_000 });

describe('a break', () => {
  it('at the beginning, in the middle and at the end plays what fills it, and is told of', async () => {
    const ads = [{ creative }];
    const opened = await watch([
      { id: 1, atMs: 0, cue: 'PRE', ads },
      { id: 2, atMs: 2_000, ads: [{ creative }, { creative }] },
      { id: 3, atMs: 4_000, cue: 'POST', ads },
    ]);
    const { page } = opened;
    await shown(page);
    expect((await readPlayer(page))?.currentTime).toBe(0);
    expect(await page.textContent('.ad__count')).toMatch(/^Ad 1 of 1 · 0:0\d$/);
    await gone(page);
    const state = await waitForPlayer(page, ended, { timeoutMs: 90_000 });
    expect(state.breaks).toMatchObject([
      { id: 1, filled: true, events: WHOLE, errors: [] },
      { id: 2, filled: true, events: [...WHOLE, ...WHOLE], errors: [] },
      { id: 3, filled: true, events: WHOLE, errors: [] },
    ]);
    expect(state.errors).toEqual([]);
    expect(state.frames.decoded).toBeGreaterThanOrEqual(theatre.stage.clip.frames);
    await until('all is told', () => told().length === 4 * WHOLE.length);
    expect(new Set(theatre.stage.dms.ads.events.map(({ instance }) => instance)).size).toBe(4);
    const lists = theatre.stage.dms.asked.filter((line) => line.endsWith('/assets'));
    expect(lists.length).toBe(3);
    await close(opened);
  });

  it('that was loaded ahead begins at once', async () => {
    const opened = await watch([{ id: 1, atMs: 3_000, ads: [{ creative, skipAfterMs: 0 }] }]);
    const state = await waitForPlayer(opened.page, ({ breaks }) => breaks[0]?.filled === true);
    expect(state.breaks[0]?.delayMs).toBeLessThan(300);
    expect(state.currentTime).toBeGreaterThan(2.9);
    expect(state.currentTime).toBeLessThan(3.3);
    await close(opened);
  });

  it('that replaces content goes on behind it', async () => {
    const opened = await watch([{ id: 1, atMs: 1_500, resumeMs: 1_500, ads: [{ creative, skipAfterMs: 0 }] }]);
    await shown(opened.page);
    await opened.page.keyboard.press('s');
    const state = await waitForPlayer(opened.page, ({ breaks, paused }) => breaks[0]?.events.includes('skip') === true && !paused);
    expect(state.currentTime).toBeGreaterThanOrEqual(3);
    await close(opened);
  });
});

describe('the content does not wait', () => {
  const cases: [string, Omit<DevBreak, 'id' | 'atMs'>, string[]][] = [
    ['for a list that does not come', { delayMs: 20_000, ads: [] }, []],
    ['for a list that is none', { broken: true, ads: [] }, []],
    ['for an empty list', { ads: [] }, []],
    ['for a creative that is not there', { ads: [{ creative: '00000000-0000-4000-8000-000000000000' }] }, ['error']],
  ];
  it.each(cases)('%s', async (_, how, events) => {
    const opened = await watch([{ id: 1, atMs: 2_000, ...how }]);
    const state = await waitForPlayer(opened.page, ended, { timeoutMs: 60_000 });
    expect(state.breaks[0]).toMatchObject({ filled: false, events });
    expect(state.breaks[0]?.stillMs).toBeLessThan(STILL_MS + 250);
    await until('it is told', () => told().length === events.length);
    expect(theatre.stage.dms.ads.events.map(({ code }) => code)).toEqual(events.map(() => 401));
    await close(opened);
  });
});

describe('hands', () => {
  it('skip when it is allowed, pause, and learn why; the content cannot be moved meanwhile', async () => {
    const why = { kind: 'campaign', text: 'For everybody at Lyon.' };
    const ad = { creative, skipAfterMs: 1_500, click: 'https://example.com/offer', why };
    const opened = await watch([{ id: 1, atMs: 0, cue: 'PRE', ads: [ad] }]);
    const { page } = opened;
    await shown(page);
    await page.keyboard.press('k');
    expect(await page.$eval('.ad__video[data-shown]', (video) => (video as HTMLVideoElement).paused)).toBe(true);
    expect(await page.getAttribute('.ad__skip', 'aria-disabled')).toBe('true');
    expect(await page.textContent('.ad__skip')).toMatch(/^Skip in [12]$/);
    await page.keyboard.press('s');
    await page.keyboard.press('9');
    expect((await readPlayer(page))?.currentTime).toBe(0);
    await page.click('.ad__why-button');
    expect(await page.textContent('.ad__why')).toBe('For everybody at Lyon.');
    expect(await page.isVisible('.ad__why')).toBe(true);
    expect(await page.isVisible('media-time-range')).toBe(false);
    expect(await page.getAttribute('.ad__link', 'rel')).toContain('noopener');
    const [target] = await Promise.all([opened.context.waitForEvent('page'), page.click('.ad__link')]);
    await target.close();
    await page.bringToFront();
    await page.keyboard.press('k');
    await until('it may be skipped', async () => (await page.textContent('.ad__skip')) === 'Skip');
    await page.keyboard.press('s');
    await gone(page);
    const events = ['impression', 'start', 'pause', 'click', 'resume'];
    const state = await waitForPlayer(page, ({ currentTime }) => currentTime > 0.2);
    expect(state.breaks[0]?.events.filter((event) => !event.includes('quartile'))).toEqual([...events, 'skip']);
    await close(opened);
  });
});

it('a break has no fault that axe finds', async () => {
  const ad = { creative, skipAfterMs: 1_500, click: 'https://example.com/offer' };
  const opened = await watch([{ id: 1, atMs: 0, cue: 'PRE', ads: [ad] }]);
  const { page } = opened;
  await shown(page);
  await page.keyboard.press('k');
  await page.click('.ad__why-button');
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate(async () => {
    interface Found {
      violations: { id: string; nodes: { target: unknown }[] }[];
    }
    const { axe } = globalThis as unknown as { axe: { run(root: Document, options: object): Promise<Found> } };
    const { violations } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] });
    return violations.map(({ id, nodes }) => `${id} ${JSON.stringify(nodes.map(({ target }) => target))}`);
  });
  expect(found).toEqual([]);
  await close(opened);
});

describe('a break that holds', () => {
  it('is played before what somebody seeks to, once', async () => {
    const opened = await watch([
      { id: 1, atMs: 1_500, ads: [{ creative, skipAfterMs: 0 }], hold: true },
      { id: 2, atMs: 2_000, ads: [{ creative }] },
    ]);
    const { page } = opened;
    await waitForPlayer(page, ({ currentTime }) => currentTime > 0.1);
    await page.keyboard.press('7');
    await shown(page);
    await page.keyboard.press('s');
    await gone(page);
    const state = await waitForPlayer(page, ({ paused, currentTime }) => !paused && currentTime > 2.9);
    expect(state.currentTime).toBeGreaterThan(2.7);
    await page.keyboard.press('0');
    await waitForPlayer(page, ({ breaks }) => breaks[1]?.filled === true);
    const last = await readPlayer(page);
    expect(last?.breaks.map(({ id, instances }) => [id, instances.length])).toEqual([[1, 1], [2, 1]]);
    await close(opened);
  });

  it('is known from its list where the playlist does not say so', async () => {
    const opened = await watch([{ id: 1, atMs: 1_500, ads: [{ creative, mustSee: true }] }]);
    await waitForPlayer(opened.page, ({ currentTime }) => currentTime > 0.1);
    await opened.page.keyboard.press('7');
    await shown(opened.page);
    await close(opened);
  });
});

describe('what is to be told', () => {
  it('outlives the page that could not tell it', async () => {
    const { dms } = theatre.stage;
    dms.ads.down = true;
    const opened = await watch([{ id: 1, atMs: 0, cue: 'PRE', ads: [{ creative }] }]);
    const { page } = opened;
    await waitForPlayer(page, ({ breaks }) => breaks[0]?.events.includes('midpoint') === true);
    const instance = (await readPlayer(page))?.breaks[0]?.instances[0];
    expect(told()).toEqual([]);
    dms.ads.down = false;
    await page.reload();
    await until('it is told', () => told().includes('midpoint'));
    expect(dms.ads.events[0]?.instance).toBe(instance);
    await close(opened);
  });
});
