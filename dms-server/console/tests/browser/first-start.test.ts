import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { press, write } from './hands';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

/** Most buttons pressed from an empty data folder to a playing video. */
const ACTS_MAX = 8;

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

it('leads from an empty data folder to a playing video in a few acts, by the keyboard alone', async () => {
  const opened = await theatre.open('/setup', { signedIn: false });
  const { page } = opened;
  let acts = 0;
  const act = async (name: string | RegExp) => {
    acts += 1;
    await press(page, 'button', name);
  };
  await write(page, 'Set-up token', 'dms_setup_wrong');
  await write(page, 'Your name', 'Ana');
  await write(page, 'Sign-in name', 'ana@example.com');
  await write(page, 'Password', 'correct horse battery');
  await act('Make the account');
  await page.getByText('The set-up token is unknown, used or expired').waitFor();
  acts = 0;
  await write(page, 'Set-up token', theatre.server.setupToken);
  await act('Make the account');
  const secret = await page.locator('code').first().innerText();
  await write(page, 'Code', codeOf(secret));
  await act('Check the code');
  await act('The sample');
  const player = page.frameLocator('iframe');
  await player.locator('video').waitFor({ timeout: 120_000 });
  // Where the browser plays nothing unasked, one act more is needed.
  const paused = await player.locator('video').evaluate((video: HTMLVideoElement) => video.paused);
  acts += 1;
  if (paused) await press(page, 'button', /^Play/, { within: player });
  await expect
    .poll(() => player.locator('video').evaluate((video: HTMLVideoElement) => video.currentTime), { timeout: 60_000 })
    .toBeGreaterThan(0.5);
  expect(acts).toBeLessThanOrEqual(ACTS_MAX);
  await close(opened);
});
