/** The store and the transcode profiles, as who keeps the system uses them. */

import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { isWrong } from './hands';
import { CLIP } from './server';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

interface Profile {
  readonly id: string;
  readonly name: string;
  readonly max_height: number;
}

async function profile(name: string): Promise<Profile | undefined> {
  const answer = await theatre.server.call('GET', '/api/v1/profiles');
  const { items } = (await answer.json()) as { items: Profile[] };
  return items.find((one) => one.name === name);
}

/** The steps of the store's trial, as they are shown. */
async function steps(page: Page): Promise<string[]> {
  const rows = page.getByRole('table', { name: 'Steps of the test' }).getByRole('row');
  return (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').replace(/ [\d.,]+ ?ms$/, ''));
}

describe('storage', () => {
  it('says what is in the store, and tries it out: works, and with a file in its way does not', async () => {
    const title = await theatre.server.publish('Largest of all');
    const opened = await theatre.open('/library');
    const { page } = opened;
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    // The palette leads there, by the keyboard alone.
    const field = page.getByRole('dialog').getByRole('textbox');
    const open = async () => {
      const there = await field.count();
      if (there === 0) await page.keyboard.press('Control+k');
      return there;
    };
    await expect.poll(open, { timeout: 30_000, interval: 1_000 }).toBeGreaterThan(0);
    await field.fill('storage');
    await page.getByText('Settings › Storage').waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/tab=storage/);
    const room = page.getByRole('region', { name: 'Room' });
    await room.getByRole('img').waitFor();
    expect(await room.getByRole('img').getAttribute('aria-label')).toMatch(/Published titles: .*Free: /);
    await expect.poll(() => room.getByRole('row').count()).toBe(5);
    const link = page.getByRole('table', { name: 'The largest titles' }).getByRole('link', { name: 'Largest of all' });
    expect(await link.getAttribute('href')).toBe(`/console/titles/${title}`);

    const test = page.getByRole('button', { name: 'Test the store' });
    await test.click();
    await page.getByText('The store works').waitFor();
    expect(await steps(page)).toEqual(['Write Works', 'Read Works', 'Read a part Works', 'Delete Works']);
    const place = fileURLToPath(await page.getByText(/^file:\/\//).innerText());
    rmSync(join(place, 'probe'), { recursive: true });
    writeFileSync(join(place, 'probe'), 'in the way');
    await test.click();
    await page.getByText('The store does not work').waitFor();
    expect(await steps(page)).toEqual(['Write Failed']);
    expect(await page.locator('[data-problem-code]').innerText()).toBe('store_unusable');
    rmSync(join(place, 'probe'));
    await test.click();
    await page.getByText('The store works').waitFor();
    await close(opened);
  });

  it('an operator reads it and nothing else of the settings', async () => {
    const opened = await theatre.open('/settings', { as: await theatre.account('otto', 'operator') });
    const { page } = opened;
    await page.getByRole('region', { name: 'Room' }).waitFor();
    const names = await page.getByRole('tab').allInnerTexts();
    expect(names).toEqual(['Storage', 'Appearance']);
    expect(await page.getByRole('button', { name: 'Test the store' }).count()).toBe(0);
    await close(opened);
  });
});

describe('transcode profiles', () => {
  it('one is made, refused where it is wrong, changed, taken back, and deleted', async () => {
    const opened = await theatre.open('/settings?tab=transcode');
    const { page } = opened;
    await page.getByRole('button', { name: 'Add a profile' }).click();
    const form = page.getByRole('dialog');
    for (const [label, value, code, fix] of [
      ['Lines, at most', '1081', 'out_of_range', '240 to 1080'],
      ['Lines, at most', 'many', 'not_a_number', 'whole number'],
      ['Bits, percent', '29', 'out_of_range', '30 to 200'],
      ['Pictures a second, at most', '61', 'out_of_range', '10 to 60'],
      ['Sound, kbit/s', '', 'not_a_number', 'whole number'],
    ] as const) {
      const field = form.getByLabel(label, { exact: true });
      const before = await field.inputValue();
      await form.getByLabel('Name', { exact: true }).fill('Lobby');
      await field.fill(value);
      await form.getByRole('button', { name: 'Save' }).click();
      await isWrong(field, code, fix);
      await field.fill(before);
    }
    await form.getByLabel('Name', { exact: true }).fill('standard');
    await form.getByRole('button', { name: 'Save' }).click();
    await isWrong(form.getByLabel('Name', { exact: true }), 'taken', 'another name');
    // What it makes stands beside the numbers before anything is saved.
    const ladder = form.getByRole('table', { name: 'Renditions' });
    await expect.poll(() => ladder.getByRole('rowheader').allInnerTexts()).toEqual(['720p', '480p', '360p', 'Sound']);
    await form.getByLabel('Lines, at most', { exact: true }).fill('480');
    await expect.poll(() => ladder.getByRole('rowheader').allInnerTexts()).toEqual(['480p', '360p', 'Sound']);
    await form.getByLabel('Name', { exact: true }).fill('Lobby');
    await form.getByRole('button', { name: 'Save' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Lobby' });
    await row.waitFor();
    expect((await profile('Lobby'))?.max_height).toBe(480);

    await row.click();
    await form.getByLabel('Lines, at most', { exact: true }).fill('360');
    await form.getByRole('button', { name: 'Save' }).click();
    await expect.poll(async () => (await profile('Lobby'))?.max_height).toBe(360);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(async () => (await profile('Lobby'))?.max_height).toBe(480);

    // Changed by somebody else in between: nothing of theirs is lost.
    await row.filter({ hasText: '480p' }).click();
    await form.getByLabel('Lines, at most', { exact: true }).fill('300');
    const { id } = (await profile('Lobby')) as Profile;
    const theirs = { name: 'Lobby', max_height: 400, bit_rate_percent: 90, max_frame_rate: 25, audio_kbit: 64 };
    await theatre.server.call('PUT', `/api/v1/profiles/${id}`, theirs);
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('version_changed').waitFor();
    expect((await profile('Lobby'))?.max_height).toBe(400);
    await page.keyboard.press('Escape');

    await page.reload();
    await row.click();
    await form.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('Lobby is being deleted.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await row.waitFor();
    expect(await profile('Lobby')).toBeDefined();
    await close(opened);
  });

  it('a file is uploaded with one, and its title says so', async () => {
    const small = { name: 'Tiny', max_height: 240, bit_rate_percent: 50, max_frame_rate: 15, audio_kbit: 64 };
    await theatre.server.call('POST', '/api/v1/profiles', small);
    const opened = await theatre.open('/uploads');
    const { page } = opened;
    const select = page.getByLabel('Transcode profile');
    expect(await select.locator('option').first().innerText()).toBe('The default (Standard)');
    await select.selectOption({ label: 'Tiny' });
    await page.setInputFiles('input[type=file]', { name: 'tiny.mp4', mimeType: 'video/mp4', buffer: readFileSync(CLIP) });
    await page.getByRole('link', { name: 'Open the title' }).click();
    await page.getByText('Tiny (240p, 50%)').waitFor({ timeout: 120_000 });
    const title = /titles\/([0-9a-f-]{36})/.exec(page.url())?.[1];
    const complete = async () => {
      const answer = await theatre.server.call('GET', `/api/v1/titles/${title}`);
      return ((await answer.json()) as { state: string }).state;
    };
    await expect.poll(complete, { timeout: 120_000, interval: 500 }).toBe('complete');
    const master = await (await theatre.server.call('GET', `/hls/${title}/master.m3u8`)).text();
    expect([...master.matchAll(/RESOLUTION=(\d+x\d+)/g)].map(([, size]) => size)).toEqual(['426x240']);
    await close(opened);
  });
});

describe('backup', () => {
  it('is made on the server, with its keys, is listed, and is removed unless that is taken back', async () => {
    const opened = await theatre.open('/settings?tab=backup');
    const { page } = opened;
    await page.getByText('There is no backup yet').waitFor();
    await page.getByRole('button', { name: 'Make a backup' }).click();
    const table = page.getByRole('table', { name: 'Backups' });
    const remove = page.getByRole('button', { name: /^Remove the backup of / });
    await remove.waitFor();
    const list = async () =>
      (await (await theatre.server.call('GET', '/api/v1/backups')).json()) as { folder: string; items: { name: string }[] };
    const { folder, items } = await list();
    expect(items.length).toBe(1);
    const name = items[0]?.name ?? '';
    expect(statSync(join(folder, name, 'dms.db')).size).toBeGreaterThan(100_000);
    expect(statSync(join(folder, name, 'keys')).isDirectory()).toBe(true);
    await page.getByText('the encrypted chunks').waitFor();

    await remove.click();
    await page.getByText('There is no backup yet').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await remove.waitFor();
    await remove.click();
    await page.getByText('There is no backup yet').waitFor();
    // Who leaves does at once what was decided.
    await page.goto(`${theatre.server.url}/console/library`);
    await expect.poll(async () => (await list()).items.length).toBe(0);
    expect(await table.count()).toBe(0);

    // What is refused says why, with the code.
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file where the folder should be');
    await page.goto(`${theatre.server.url}/console/settings?tab=backup`);
    await page.locator('[data-request-id]').first().waitFor();
    rmSync(folder);
    await close(opened);
  });
});
