import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Theatre, close } from './theatre';

const theatre = Theatre.forThisFile();
const FILE_BYTES = 20 * 1024 * 1024;
let folder = '';
let file = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dms-web-'));
  file = join(folder, 'town_hall-Q3.mp4');
  await writeFile(file, randomBytes(FILE_BYTES));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Lets uploads go at `bytesPerSecond`; 0 takes the limit away. */
async function throttle(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond || -1,
  });
}

const tile = (page: Page, title: string) => page.locator('.tile', { hasText: title });

describe('the library', () => {
  it('asks for a token, refuses a wrong one, and ends the session on request', async () => {
    const context = await (await theatre.browser()).newContext();
    const page = await context.newPage();
    await page.goto(theatre.stage.dms.url);
    await page.click('#use-token');
    await page.fill('#token', 'dms_nonsense');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#token[aria-invalid]');
    expect(await page.textContent('#token-error')).toContain('not accepted');
    await page.fill('#token', theatre.stage.dms.token);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.tile');
    await page.click('#sign-out');
    await page.waitForSelector('#login');
    expect(await page.isVisible('.tile')).toBe(false);
    await context.close();
  });

  it('shows titles by what they are doing, and follows them', async () => {
    const { dms } = theatre.stage;
    const row = dms.addRow('Safety', { state: 'transcoding', progress_percent: 10, eta_seconds: 300 });
    const error = { code: 'not_video', message: 'The file is not a video.' };
    dms.addRow('notes.txt', { state: 'failed', error });
    const opened = await theatre.open(dms.url);
    const { page } = opened;
    await tile(page, 'Quarterly all-hands').locator('img').waitFor();
    const moving = tile(page, 'Safety');
    expect(await moving.textContent()).toContain('about 5 min left');
    expect(await moving.locator('[role=progressbar]').getAttribute('aria-valuenow')).toBe('10');
    expect(await tile(page, 'notes.txt').textContent()).toContain('The file is not a video.');
    await page.click('text=Remove');
    await tile(page, 'notes.txt').waitFor({ state: 'detached' });
    expect(dms.rows.some(({ title }) => title === 'notes.txt')).toBe(false);
    row.progress_percent = 80;
    await moving.locator('[role=progressbar][aria-valuenow="80"]').waitFor();
    expect(await page.locator('.site', { hasText: 'Lyon' }).textContent()).toContain('1.01');
    await tile(page, 'Quarterly all-hands').click();
    await page.waitForURL(/\/watch\//);
    await close(opened);
  });

  it('teaches how to begin where there is nothing', async () => {
    const rows = theatre.stage.dms.rows.splice(0);
    const opened = await theatre.open(theatre.stage.dms.url);
    await opened.page.waitForSelector('.empty');
    expect(await opened.page.textContent('.empty')).toContain('dms publish FILE');
    await close(opened);
    theatre.stage.dms.rows.push(...rows);
  });
});

describe('an upload', () => {
  it('survives a failing server and becomes a title', async () => {
    const { dms } = theatre.stage;
    dms.uploads.refuse = 1;
    const opened = await theatre.open(dms.url);
    await opened.page.setInputFiles('#files', file);
    await tile(opened.page, 'town hall-Q3').waitFor({ timeout: 60_000 });
    expect(await opened.page.locator('.upload').count()).toBe(0);
    await close(opened);
  });

  it('pauses and resumes', async () => {
    const opened = await theatre.open(theatre.stage.dms.url);
    const { page } = opened;
    await throttle(page, 4_000_000);
    await page.setInputFiles('#files', file);
    await page.waitForFunction(() => /MB\/s/.test(document.querySelector('.upload__text')?.textContent ?? ''));
    await page.click('.upload button');
    await page.waitForFunction(() => document.querySelector('.upload button')?.textContent === 'Resume');
    expect(await page.textContent('.upload__text')).toMatch(/^Paused\. [\d.]+ MB of 21\.0 MB/);
    await throttle(page, 0);
    await page.click('.upload button');
    await page.waitForSelector('.upload', { state: 'detached', timeout: 60_000 });
    await close(opened);
  });

  it('goes on after a reload when the file is chosen again', async () => {
    const { uploads } = theatre.stage.dms;
    const opened = await theatre.open(theatre.stage.dms.url);
    const { page } = opened;
    await throttle(page, 8_000_000);
    uploads.received = 0;
    await page.setInputFiles('#files', file);
    await expect.poll(() => uploads.received, { timeout: 30_000 }).toBeGreaterThanOrEqual(16 * 1024 * 1024);
    await page.reload();
    await page.waitForSelector('.upload--unfinished');
    expect(await page.textContent('.upload--unfinished')).toContain('town_hall-Q3.mp4');
    await page.setInputFiles('#files', file);
    await page.waitForSelector('.upload', { state: 'detached', timeout: 60_000 });
    expect(uploads.received).toBeLessThan(FILE_BYTES + 1024 * 1024);
    await close(opened);
  });

  it('of an empty file is refused with a sentence', async () => {
    const opened = await theatre.open(theatre.stage.dms.url);
    await opened.page.setInputFiles('#files', { name: 'nothing.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(0) });
    await opened.page.waitForSelector('.upload--failed');
    expect(await opened.page.textContent('.upload')).toContain('The file is empty');
    await close(opened);
  });
});
