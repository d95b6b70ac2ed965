#!/usr/bin/env node
// Does what the first owner of an installation does on the portal, in Chromium: is led to the set-up, signs in, sets up one-time codes,
// signs out, signs in with one, and sees the portal. The account is made with the set-up token. Works against any DMS without accounts.
//   node dev/account.mjs --url http://127.0.0.1:8080 --setup-token TOKEN [--chromium /usr/bin/chromium]
// Prints what the page says at each step as one line of JSON. Exit code: 0 the portal is there, 1 not, 2 wrong usage.
import { createHmac } from 'node:crypto';
import { parseArgs } from 'node:util';
import { launchBrowser } from './drive.mjs';

const LOGIN = 'olga@example.com';
const PASSWORD = 'correct horse battery';
const STEP_S = 30;

function bytesOfBase32(text) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...text.replace(/[^A-Z2-7]/g, '')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** RFC 6238, written a second time: what an authenticator app would show. */
function codeAt(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', bytesOfBase32(secret)).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const stepNow = () => Math.floor(Date.now() / 1000 / STEP_S);

/** Fills the form in and sends it; the way in is by keyboard, as most people do. */
async function signIn(page, password) {
  await page.getByRole('textbox', { name: 'Name' }).fill(LOGIN);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.keyboard.press('Enter');
}

/** The first account; answers what is refused. */
async function makeOwner(url, token, password) {
  const owner = { token, name: 'Olga', login: LOGIN, password };
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(owner) };
  const response = await fetch(`${url}/api/v1/setup`, init);
  return response.ok ? {} : (await response.json()).errors[0];
}

async function run({ url, token, chromiumPath }) {
  const browser = await launchBrowser({ chromiumPath });
  const said = {};
  try {
    const page = await browser.newPage({ locale: 'en-GB' });
    await page.goto(url);
    await page.waitForURL('**/console/setup');
    said.weak = (await makeOwner(url, token, 'short')).fix;
    await makeOwner(url, token, PASSWORD);
    await page.goto(url);

    await signIn(page, 'not the password');
    said.wrong = await page.getByRole('alert').innerText();
    await signIn(page, PASSWORD);

    await page.getByRole('heading', { name: 'Set up one-time codes' }).waitFor();
    const secret = await page.locator('code').innerText();
    const first = stepNow();
    await page.getByRole('textbox', { name: 'Code' }).fill(codeAt(secret, first));
    await page.keyboard.press('Enter');

    await page.getByRole('button', { name: 'Menu of Olga' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await signIn(page, PASSWORD);
    const code = page.getByRole('textbox', { name: 'Code' });
    await code.waitFor();
    said.code = await page.getByRole('main').innerText();
    // Each code is good once; the server takes the next one a little early.
    await code.fill(codeAt(secret, first + 1));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    said.who = await page.locator('header button[aria-haspopup=menu]').getAttribute('aria-label');
  } finally {
    await browser.close();
  }
  return said;
}

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    'setup-token': { type: 'string' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
if (!values.url || !values['setup-token']) {
  console.error('usage: account.mjs --url URL --setup-token TOKEN [--chromium FILE]');
  process.exit(2);
}
try {
  const said = await run({ url: values.url, token: values['setup-token'], chromiumPath: values.chromium });
  console.log(JSON.stringify(said));
} catch (error) {
  console.error(`account: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
