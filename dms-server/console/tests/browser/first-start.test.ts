import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

/** Most clicks from an empty data folder to a playing video. */
const CLICKS_MAX = 8;

/** The code that an authenticator app shows for a secret (RFC 6238). */
function codeOf(secret: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replaceAll(' ', '')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

it('leads from an empty data folder to a playing video in a few clicks', async () => {
  const opened = await theatre.open('/setup', { signedIn: false });
  const { page } = opened;
  let clicks = 0;
  const click = async (name: string | RegExp) => {
    clicks += 1;
    await page.getByRole('button', { name }).click();
  };
  await page.getByRole('textbox', { name: 'Set-up token' }).fill('dms_setup_wrong');
  await page.getByLabel('Your name').fill('Ana');
  await page.getByLabel('Sign-in name').fill('ana@example.com');
  await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
  await click('Make the account');
  await page.getByText('The set-up token is unknown, used or expired').waitFor();
  clicks = 0;
  await page.getByRole('textbox', { name: 'Set-up token' }).fill(theatre.server.setupToken);
  await click('Make the account');
  const secret = await page.locator('code').first().innerText();
  await page.getByLabel('Code').fill(codeOf(secret));
  await click('Check the code');
  await click('The sample');
  const player = page.frameLocator('iframe');
  await player.locator('video').waitFor({ timeout: 120_000 });
  // Where the browser plays nothing unasked, one click more is needed.
  const paused = await player.locator('video').evaluate((video: HTMLVideoElement) => video.paused);
  clicks += 1;
  if (paused) await player.locator('video').click();
  await expect
    .poll(() => player.locator('video').evaluate((video: HTMLVideoElement) => video.currentTime), { timeout: 60_000 })
    .toBeGreaterThan(0.5);
  expect(clicks).toBeLessThanOrEqual(CLICKS_MAX);
  await close(opened);
});
