#!/usr/bin/env node
// Opens a watch page in Chromium, signs in as a person would, plays to the end, and gives back what
// the page reports of itself (window.dmsPlayer) as JSON. Works against any DMS.
//   node dev/drive.mjs --url http://127.0.0.1:8080/watch/TITLE --token-file FILE
//        [--agent http://127.1.0.1:7747] [--timeout-s 120] [--hashes] [--wait-path agent]
//        [--chromium /usr/bin/chromium] [--screenshot FILE] [-- CHROMIUM-FLAG...]
// Exit code: 0 played to the end, 1 not, 2 wrong usage.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

/** Flags under which Chromium runs quietly, without a screen, a sandbox or a network of its own. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--autoplay-policy=no-user-gesture-required',
];

/** Starts Chromium. The caller closes it. */
export function launchBrowser({ chromiumPath = '/usr/bin/chromium', chromiumArgs = [] } = {}) {
  return chromium.launch({ executablePath: chromiumPath, args: [...CHROMIUM_ARGS, ...chromiumArgs] });
}

/** The page's own report, or null before there is one. */
export function readPlayer(page) {
  return page.evaluate(() => globalThis.dmsPlayer?.toJSON() ?? null);
}

/** Waits until `test`, a function of the report, is true, and gives back the report. */
export async function waitForPlayer(page, test, { timeoutMs = 30_000 } = {}) {
  // Asked from here: the page's policy forbids the evaluation that waiting inside the page needs.
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const state = await readPlayer(page);
    if (state && test(state)) return state;
    if (Date.now() > deadline) {
      throw new Error(`waited in vain for ${test}; the page says ${JSON.stringify(state)}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Fills in the sign-in form if the page shows one. */
export async function signIn(page, token) {
  await page.waitForSelector('#use-token, body[data-phase]:not([data-phase=loading])');
  if (!(await page.$('#use-token'))) return;
  await page.click('#use-token');
  await page.fill('#token', token);
  await page.click('#sign-in button[type=submit]');
}

/** The watch page's address with the parameters for a run. */
function address(url, { agentUrl, hashes }) {
  const full = new URL(url);
  if (agentUrl) full.searchParams.set('agent', agentUrl);
  if (hashes) full.searchParams.set('debug', 'hashes');
  return full.href;
}

/**
 * Plays `url` to the end. Returns the page's report with `console` (errors and warnings of the page)
 * and `timedOut` added. `waitPath` holds playback at the start until that path is in use.
 */
export async function drive({
  url,
  token,
  agentUrl,
  hashes = true,
  chromiumArgs = [],
  chromiumPath,
  timeoutMs = 120_000,
  waitPath,
  screenshot,
  browser: given,
}) {
  const browser = given ?? (await launchBrowser({ chromiumPath, chromiumArgs }));
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const messages = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) messages.push(message.text());
  });
  page.on('pageerror', (error) => messages.push(String(error)));
  try {
    await page.goto(address(url, { agentUrl, hashes }));
    if (token) await signIn(page, token);
    if (waitPath) {
      await waitForPlayer(page, (state) => state.path === waitPath, { timeoutMs });
    }
    let timedOut = false;
    const over = (state) => ['ended', 'error', 'failed'].includes(state.phase);
    await waitForPlayer(page, over, { timeoutMs }).catch(() => {
      timedOut = true;
    });
    if (screenshot) await page.screenshot({ path: screenshot });
    return { ...(await readPlayer(page)), console: messages, timedOut };
  } finally {
    await context.close();
    if (!given) await browser.close();
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      'token-file': { type: 'string' },
      agent: { type: 'string' },
      'timeout-s': { type: 'string', default: '120' },
      hashes: { type: 'boolean', default: false },
      'wait-path': { type: 'string' },
      chromium: { type: 'string' },
      screenshot: { type: 'string' },
    },
  });
  if (!values.url) {
    console.error('drive: --url is needed, such as --url http://127.0.0.1:8080/watch/TITLE');
    process.exit(2);
  }
  const token = values['token-file'] && (await readFile(values['token-file'], 'utf8')).trim();
  const state = await drive({
    url: values.url,
    token,
    agentUrl: values.agent,
    hashes: values.hashes,
    chromiumArgs: positionals,
    chromiumPath: values.chromium,
    timeoutMs: Number(values['timeout-s']) * 1000,
    waitPath: values['wait-path'],
    screenshot: values.screenshot,
  });
  console.log(JSON.stringify(state));
  process.exitCode = state.phase === 'ended' ? 0 : 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
