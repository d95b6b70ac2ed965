import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { CLIP, PROGRAMS, ROOT } from './server';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

interface Listed {
  items: { id: string; title: string; state: string; error: { code: string } | null }[];
}

async function titles(): Promise<Listed['items']> {
  return ((await (await theatre.server.call('GET', '/api/v1/titles')).json()) as Listed).items;
}

/** Chooses files as a person does. */
async function choose(page: Page, files: Parameters<Page['setInputFiles']>[1]): Promise<void> {
  await page.setInputFiles('input[type=file]', files);
}

describe('uploads', () => {
  it('several files at once: a bad one does not stop the others', async () => {
    const opened = await theatre.open('/uploads');
    const { page } = opened;
    const clip = readFileSync(CLIP);
    await choose(page, [
      { name: 'empty.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(0) },
      { name: 'notes.mp4', mimeType: 'video/mp4', buffer: Buffer.from('this is no video at all') },
      { name: 'town_hall.mp4', mimeType: 'video/mp4', buffer: clip },
    ]);
    await page.getByText('The file is empty.').waitFor();
    await expect.poll(() => page.locator('[data-upload="done"]').count(), { timeout: 30_000 }).toBe(2);
    await expect.poll(titles, { timeout: 120_000, interval: 500 }).toSatisfy(
      (all: Listed['items']) =>
        all.some(({ title, state }) => title === 'town hall' && state === 'complete') &&
        all.some(({ title, error }) => title === 'notes' && error?.code === 'not_video'),
    );
    await close(opened);
  });

  it('goes on after a reload, when the file is chosen again', async () => {
    const opened = await theatre.open('/uploads');
    const { page } = opened;
    // Larger than one request, and with nothing in it that could be a video.
    const buffer = Buffer.alloc(40 * 1024 * 1024, 7);
    const file = { name: 'long.mp4', mimeType: 'video/mp4', buffer };
    const sent: number[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PATCH') sent.push(Number(request.headers()['upload-offset']));
    });
    // The second request of the upload does not get through, so that it stops in the middle.
    let pieces = 0;
    await page.route('**/api/v1/uploads/*', (route) => {
      if (route.request().method() === 'PATCH') pieces += 1;
      return pieces > 1 ? route.abort() : route.continue();
    });
    // A file on the disk, whose date stays the same: chosen again it is known by it.
    const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const folder = mkdtempSync(join(tmpdir(), 'dms-console-file-'));
    const path = join(folder, file.name);
    writeFileSync(path, buffer);
    await choose(page, path);
    await expect.poll(() => pieces, { timeout: 30_000 }).toBeGreaterThan(1);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await page.getByText('An earlier visit did not finish it.').waitFor();
    await page.unroute('**/api/v1/uploads/*');
    sent.length = 0;
    await choose(page, path);
    await page.locator('[data-upload="done"]').waitFor();
    expect(sent[0], 'it goes on where it stopped').toBeGreaterThan(0);
    expect(await page.getByText('An earlier visit did not finish it.').count()).toBe(0);
    rmSync(folder, { recursive: true });
    await close(opened);
  });

  it('survives a killed server, reloads and a lost network, sends at most a part twice, and arrives as it is', async () => {
    const script = join(ROOT, 'scripts/bench-upload');
    const asked = ['--gib', '0.0625', '--cuts', '4', '--by', 'page,cli', '--no-transcode', '--program', join(PROGRAMS, 'dms')];
    const { stdout } = await promisify(execFile)(script, asked);
    const told = JSON.parse(stdout) as { reached: boolean; page: { cuts: number; part_bytes: number; same_sha256: boolean } };
    expect(told).toMatchObject({ reached: true, bytes: 64 * 1024 * 1024, page: { cuts: 4, same_sha256: true }, cli: { cuts: 4, same_sha256: true } });
    expect(told.page.part_bytes).toBe(16 * 1024 * 1024);
  });

  it('is paused and resumed, and given up', async () => {
    const opened = await theatre.open('/uploads');
    const { page } = opened;
    const held: (() => void)[] = [];
    await page.route('**/api/v1/uploads/*', async (route) => {
      if (route.request().method() === 'PATCH') await new Promise<void>((go) => held.push(go));
      await route.continue().catch(() => undefined);
    });
    await choose(page, { name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.from('a video of a few bytes') });
    await page.getByRole('button', { name: 'Pause a.mp4' }).click();
    await page.locator('[data-upload="paused"]').waitFor();
    await page.getByRole('button', { name: 'Resume a.mp4' }).click();
    await page.locator('[data-upload="uploading"]').waitFor();
    await page.getByRole('button', { name: 'Remove a.mp4' }).click();
    await page.locator('[data-upload]').waitFor({ state: 'detached' });
    for (const go of held) go();
    await close(opened);
  });
});

describe('a title', () => {
  it('is deleted after ten seconds, unless it is taken back', async () => {
    const id = await theatre.server.publish('Gone soon');
    const opened = await theatre.open(`/titles/${id}`);
    const { page } = opened;
    const remove = async () => {
      await page.getByRole('button', { name: 'More' }).click();
      await page.getByRole('menuitem', { name: 'Delete the title' }).click();
      await page.getByText('Gone soon is being deleted.').waitFor();
    };
    await remove();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('link', { name: 'Gone soon' }).click();
    await remove();
    await expect
      .poll(() => titles().then((all) => all.some((title) => title.id === id)), { timeout: 30_000 })
      .toBe(false);
    await close(opened);
  });
});
