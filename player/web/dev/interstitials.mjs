#!/usr/bin/env node
// Plays an HLS address with breaks in a player that is not ours, in Chromium: hls.js as it comes, on a page of another origin.
//   node dev/interstitials.mjs --port PORT --url http://127.0.0.1:PORT/SECRET/master.m3u8 --assets 3 [--chromium FILE] [--timeout-s 60]
// The page is served at http://127.0.0.1:PORT. Prints what the player said as JSON. Exit code: 0 so many creatives began, 1 not, 2 wrong usage.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { parseArgs } from 'node:util';
import { launchBrowser } from './drive.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    url: { type: 'string' },
    assets: { type: 'string', default: '1' },
    chromium: { type: 'string' },
    'timeout-s': { type: 'string', default: '60' },
  },
});
if (!values.url || !values.port) {
  console.error('usage: interstitials.mjs --port PORT --url URL [--assets COUNT]');
  process.exit(2);
}

const engine = new URL('../node_modules/hls.js/dist/hls.min.js', import.meta.url);
const page = '<!doctype html><video id="video" muted></video><script src="/hls.js"></script>';
const server = http.createServer(async (request, response) => {
  const script = request.url === '/hls.js';
  response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
  response.end(script ? await readFile(engine) : page);
});
await new Promise((done) => server.listen(Number(values.port), '127.0.0.1', done));
const browser = await launchBrowser({ chromiumPath: values.chromium });
try {
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${values.port}/`);
  const said = await tab.evaluate(
    ({ url, assets, timeoutMs }) =>
      new Promise((done) => {
        const { Hls } = globalThis;
        const hls = new Hls({ enableWorker: false });
        const said = { breaks: [], assets: 0, ended_assets: 0, errors: [], ended: false };
        hls.on(Hls.Events.INTERSTITIAL_STARTED, (_, { event }) => said.breaks.push(event.startTime));
        hls.on(Hls.Events.INTERSTITIAL_ASSET_ENDED, () => (said.ended_assets += 1));
        hls.on(Hls.Events.INTERSTITIAL_ASSET_STARTED, () => (said.assets += 1));
        hls.on(Hls.Events.ERROR, (_, { details, fatal }) => said.errors.push(`${details} ${fatal}`));
        const finish = () => done({ ...said, ended: true });
        hls.on(Hls.Events.INTERSTITIALS_PRIMARY_RESUMED, () => (said.resumed = (said.resumed ?? 0) + 1));
        setTimeout(() => done(said), timeoutMs);
        const video = document.querySelector('video');
        const look = () => {
          // Of the last one it is enough that it begins: the engine says no end of what comes after the content.
          if (said.assets >= assets && said.ended_assets >= assets - 1) finish();
        };
        setInterval(look, 100);
        hls.loadSource(url);
        hls.attachMedia(video);
        video.play().catch(() => undefined);
      }),
    { url: values.url, assets: Number(values.assets), timeoutMs: Number(values['timeout-s']) * 1000 },
  );
  console.log(JSON.stringify(said));
  process.exitCode = said.ended ? 0 : 1;
} finally {
  await browser.close();
  server.close();
}
