import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { waitForPlayer } from '../../dev/drive.mjs';
import { sealTitle } from '../../dev/title';
import { choose, press, reach, write } from './hands';
import { NO_AGENT, Theatre, close } from './theatre';

const theatre = Theatre.forThisFile();

const url = (query = '') => `${theatre.stage.dms.url}/watch/${theatre.stage.title.id}?agent=${NO_AGENT}${query}`;
const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const at = (page: Page) => page.$eval('#video', (video) => (video as HTMLVideoElement).currentTime);
const showing = (page: Page) =>
  page.$eval('#video', (video) => {
    const tracks = [...(video as HTMLVideoElement).textTracks].filter(({ kind }) => kind === 'captions');
    return tracks.filter(({ mode }) => mode === 'showing').map(({ language }) => language);
  });

async function until(what: () => Promise<boolean> | boolean, why: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await what()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`waited in vain: ${why}`);
}

describe('J6: somebody watches, by the keyboard alone', () => {
  it('reads along, jumps, marks, asks why, and goes on where they stopped', async () => {
    const { dms, title } = theatre.stage;
    dms.add(await sealTitle(theatre.stage.clip), 'What comes next');
    const opened = await theatre.open(url('&t=0'));
    const { page } = opened;
    await waitForPlayer(page, (s) => s.currentTime > 0.2);
    await page.keyboard.press('k');
    await waitForPlayer(page, (s) => s.paused);

    // The transcript opens with a key, finds, and jumps.
    await page.keyboard.press('t');
    await page.waitForSelector('.line');
    expect(await text(page, '#transcript')).toContain('First the numbers of Zürich');
    await write(page, '#transcript input', 'zurich');
    expect(await text(page, '.lines__found')).toBe('1 line');
    await page.keyboard.press('Enter');
    await until(async () => (await at(page)) > 1 && (await at(page)) < 1.5, 'the jump');
    await page.waitForSelector('.line[aria-current]');
    expect(await text(page, '.line[aria-current]')).toContain('Zürich');
    await choose(page, '#transcript select', 'de');
    await until(async () => (await text(page, '#transcript')).includes('Vielen Dank'), 'the other language');

    // Chapters by key, captions by key and remembered.
    // Keys are quiet in a field and in a list.
    await reach(page, '#like');
    await page.keyboard.press('n');
    expect(await text(page, '#announcer')).toBe('Chapter Thanks');
    expect(await at(page)).toBeCloseTo(2.01, 1);
    await page.keyboard.press('p');
    expect(await text(page, '#announcer')).toBe('Chapter Numbers');
    await page.keyboard.press('c');
    expect(await showing(page)).toEqual(['de']);
    await press(page, '#settings-button');
    const settings = /Captions.*English.*Chapter.*Numbers.*Save data.*Play next/s;
    await until(async () => settings.test(await text(page, '#settings')), 'the settings');
    await page.keyboard.press('Escape');

    // Marks are kept by the server.
    await press(page, '#like');
    await press(page, '#save');
    await until(() => dms.portal.of(title.id).saved && dms.portal.of(title.id).rating === 1, 'the marks');
    await press(page, '#like');
    await until(() => dms.portal.of(title.id).rating === null, 'the rating taken back');

    await press(page, '#why-button');
    expect(await text(page, '#why')).toMatch(/^You see \d+ lines\. /);

    // What is next counts down at the end, and can be told not to.
    await page.keyboard.press('9');
    await page.keyboard.press('k');
    await page.waitForSelector('.card--next');
    expect(await text(page, '.card--next')).toMatch(/Next: What comes next.*It begins in \d seconds/s);
    await press(page, '#next-stop');
    expect(await page.isVisible('.card--next')).toBe(false);
    await until(() => (dms.portal.of(title.id).seconds ?? 0) >= 3, 'the place');

    // The next visit remembers captions, transcript and marks.
    await page.reload();
    await waitForPlayer(page, (s) => s.currentTime > 0.2);
    await page.waitForSelector('.line');
    await until(async () => (await showing(page))[0] === 'de', 'the captions');
    expect(await page.getAttribute('#save', 'aria-pressed')).toBe('true');
    await close(opened);
  });

  it('sees what the licence opens, and reads why it is no more', async () => {
    const { dms, clip } = theatre.stage;
    const pictures = clip.tracks.filter(({ kind }) => kind === 'video').sort((a, b) => (a.height ?? 0) - (b.height ?? 0));
    const [low, high] = [pictures[0], pictures.at(-1)];
    expect(high?.id).not.toBe(low?.id);
    dms.faults.withheld = pictures.slice(1).map(({ id }) => id);
    const opened = await theatre.open(url('&t=0'));
    const { page } = opened;
    const state = await waitForPlayer(page, (s) => s.currentTime > 1 && s.level !== null);
    expect(state.levels).toHaveLength(1);
    expect(state.errors).toEqual([]);
    await press(page, '#why-button');
    expect(await text(page, '#why')).toContain(`allows no more than ${low?.height} of its ${high?.height} lines`);
    dms.faults.withheld = [];
    await close(opened);
  });

  it('goes on where the server says they stopped, and can start over', async () => {
    const { dms } = theatre.stage;
    const long = dms.addRow('Long', { state: 'complete', duration_ms: 60_000, version: 1 });
    dms.finish(long, await sealTitle(theatre.stage.clip, long.id));
    dms.portal.of(long.id).seconds = 12;
    const opened = await theatre.open(`${dms.url}/watch/${long.id}?agent=${NO_AGENT}`);
    const { page } = opened;
    await page.waitForSelector('#restart');
    expect(await text(page, '#notice')).toContain('Going on from 0:12');
    await press(page, '#restart');
    expect(await page.isVisible('#notice')).toBe(false);
    await close(opened);
  });
});

describe('somebody may not watch', () => {
  it('asks for access, reads dates, and is let in when it opens', async () => {
    const { dms, title } = theatre.stage;
    const stranger = '0192f0c1-2345-7000-8000-00000000000a';
    const opened = await theatre.open(`${dms.url}/watch/${stranger}?agent=${NO_AGENT}`);
    const { page } = opened;
    await page.waitForSelector('.card--refusal');
    expect(await text(page, '.card--refusal')).toContain('not shared with you, or there is none');
    await write(page, '#ask-note', 'for the audit');
    await press(page, '.ask__form button');
    await until(async () => (await text(page, '.ask')).includes('You asked for access'), 'the request');
    expect(dms.portal.asked).toEqual([{ title: stranger, note: 'for the audit' }]);
    dms.portal.access = { answer: { state: 'denied', by: 'Pia', at_ms: Date.now() } };
    await page.reload();
    await page.waitForSelector('.ask__form');
    expect(await text(page, '.ask')).toMatch(/^Pia answered .* not given/);

    dms.faults.denied = 'over';
    dms.portal.access = { seen: true, ends_ms: 1_800_000_000_000, owner: 'Pia' };
    await page.goto(url());
    await page.waitForSelector('.card--refusal');
    expect(await text(page, '.card--refusal')).toMatch(/could be watched until .*2027.*Published by Pia/);

    dms.faults.denied = 'not_yet';
    // The server's clock is an hour ahead of the browser's.
    const now = Date.now() + 3_600_000;
    dms.portal.access = { seen: true, now_ms: now, opens_ms: now + 4_000 };
    await page.goto(url());
    await page.waitForSelector('.countdown');
    expect(await text(page, '.countdown')).toMatch(/^0:0[1-4]$/);
    dms.faults.denied = null;
    await waitForPlayer(page, (s) => s.phase === 'ready' && s.title === title.id);
    await close(opened);
  });
});
