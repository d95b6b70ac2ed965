/** The organisation's name, colour and logo, from the settings to the pages. */

import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { faultless } from './axe';
import { isWrong } from './hands';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

/** A real picture of this kind and width, as the browser writes it. */
async function picture(page: Page, type: 'image/png' | 'image/webp', width: number): Promise<Buffer> {
  const bytes = await page.evaluate(
    async ([type, width]) => {
      const canvas = new OffscreenCanvas(width, 40);
      const brush = canvas.getContext('2d');
      if (!brush) throw new Error('no canvas');
      brush.fillStyle = '#b3261e';
      brush.fillRect(4, 4, width - 8, 32);
      return [...new Uint8Array(await (await canvas.convertToBlob({ type })).arrayBuffer())];
    },
    [type, width] as const,
  );
  return Buffer.from(bytes);
}

/** What the computed style of the page's root says. */
function variable(page: Page, name: string): Promise<string> {
  return page.evaluate((name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim(), name);
}

it('a name, a colour that stands out and a logo are saved, and shown on every page', async () => {
  const opened = await theatre.open('/settings?tab=branding');
  const { page } = opened;
  const name = page.getByLabel('Organisation');
  const accent = page.getByLabel('Accent colour', { exact: true });
  const save = page.getByRole('button', { name: 'Save' });
  await name.fill('x'.repeat(41));
  await save.click();
  await isWrong(name, 'invalid_text', '40 characters');
  await name.fill('Bäcker & Söhne');
  await accent.fill('reddish');
  await save.click();
  await isWrong(accent, 'no_colour', '#2775b5');
  await accent.fill('#ffee00');
  await save.click();
  await isWrong(accent, 'low_contrast', 'nearest that passes');
  const contrast = page.getByRole('table', { name: 'Contrast' });
  await contrast.getByText('too little, 3 are needed').waitFor();
  await faultless(page, 'a colour that does not pass');
  await page.getByRole('button', { name: /^Take #/ }).click();
  await expect.poll(() => contrast.getByText('passes').count()).toBe(2);
  const taken = await accent.inputValue();
  await save.click();
  await page.getByText('Name and colour were saved.').waitFor();

  const choose = (name: string, mimeType: string, buffer: Buffer) =>
    page.setInputFiles('input[type=file]', { name, mimeType, buffer });
  await choose('logo.svg', 'image/png', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
  const code = page.getByRole('region', { name: 'Logo' }).locator('[data-problem-code]');
  await expect.poll(() => code.allInnerTexts()).toEqual(['invalid_logo']);
  await choose('tiny.png', 'image/png', await picture(page, 'image/png', 10));
  await page.getByText('The logo is 10 x 40 pixels').waitFor();
  await choose('huge.png', 'image/png', Buffer.alloc(300 * 1024, 1));
  await expect.poll(() => code.allInnerTexts()).toEqual(['logo_too_large']);
  await choose('logo.png', 'image/png', await picture(page, 'image/png', 120));
  await page.getByRole('img', { name: 'The logo on white' }).waitFor();
  const webp = await picture(page, 'image/webp', 96);
  await choose('logo.webp', 'image/webp', webp);
  const address = `/branding/${createHash('sha256').update(webp).digest('hex').slice(0, 32)}.webp`;
  const shown = page.getByRole('img', { name: 'The logo on white' });
  await expect.poll(() => shown.getAttribute('src')).toBe(address);
  await faultless(page, 'a logo');
  await close(opened);

  // Who is not signed in sees it at the form, in the light and in the dark look.
  for (const scheme of ['light', 'dark'] as const) {
    const portal = await theatre.openAt('/', { signedIn: false, scheme });
    await portal.page.getByText('Bäcker & Söhne').first().waitFor();
    const mark = portal.page.locator(`img[src="${address}"]`);
    await expect.poll(() => mark.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(96);
    expect(await variable(portal.page, '--brand-accent')).toBe(taken);
    expect(await portal.page.title()).toContain('Bäcker & Söhne');
    await faultless(portal.page, `the sign-in form, ${scheme}`);
    await close(portal);
  }
  const watch = await theatre.openAt('/watch/00000000-0000-4000-8000-000000000000');
  const header = watch.page.getByRole('banner').getByRole('link', { name: 'Bäcker & Söhne' });
  await header.waitFor();
  expect(await header.evaluate((link) => getComputedStyle(link, '::before').backgroundImage)).toContain(address);
  expect(await variable(watch.page, '--brand-accent')).toBe(taken);
  await close(watch);
});

it('a change is taken back, and a removed logo comes back while nobody waited', async () => {
  const { server } = theatre;
  await server.call('PUT', '/api/v1/branding', { name: 'Before', accent: '' });
  const opened = await theatre.open('/settings?tab=branding');
  const { page } = opened;
  const stands = async () => (await (await server.call('GET', '/api/v1/branding')).json()) as { name: string; logo: string | null };
  await page.setInputFiles('input[type=file]', {
    name: 'logo.png',
    mimeType: 'image/png',
    buffer: await picture(page, 'image/png', 64),
  });
  await page.getByRole('img', { name: 'The logo on white' }).waitFor();
  await page.getByRole('button', { name: 'Remove the logo' }).click();
  await page.getByText('There is no logo').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('img', { name: 'The logo on white' }).waitFor();
  expect((await stands()).logo).not.toBeNull();
  await page.reload();
  await page.getByLabel('Organisation').fill('After');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect.poll(async () => (await stands()).name).toBe('After');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(async () => (await stands()).name).toBe('Before');
  await close(opened);
});
