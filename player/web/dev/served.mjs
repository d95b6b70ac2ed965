#!/usr/bin/env node
// Goes on in the player of this PC, in Chromium, as a person would: signs in at a watch page that the browser takes for one
// of a wider network, opens the agent's page by the link, watches there; then tries what must not work; at last the person
// is locked out. Against a real DMS and a real agent.
//   node dev/served.mjs --url http://127.0.0.1:8080/watch/TITLE --agent http://127.1.0.1:7747 --login ana
//        --password PASSWORD --person ID --owner-token-file FILE [--chromium /usr/bin/chromium]
// Prints what it saw as JSON. Exit code: 0 it went through, 1 not, 2 wrong usage.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { parseArgs } from 'node:util';
import { launchBrowser, readPlayer, waitForPlayer } from './drive.mjs';

const TIMEOUT_MS = 90_000;

/** The status of a request with these very headers, `host` and `origin` too, which no browser would send. */
function raw(url, { method = 'GET', headers = {}, body = '' } = {}) {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((done, fail) => {
    const request = http.request({ hostname, port, path: pathname, method, headers }, (answer) => {
      answer.resume();
      done(answer.statusCode);
    });
    request.on('error', fail);
    request.end(body);
  });
}

const permission = (page) =>
  page.evaluate(async () => {
    for (const name of ['loopback-network', 'local-network-access']) {
      try {
        return (await navigator.permissions.query({ name })).state;
      } catch {
        // Another name, then.
      }
    }
    return 'absent';
  });

/** What must not work with a code and with the bearer of the agent's page. */
async function misuse({ page, served, agent, used, title }) {
  const fresh = () =>
    page.evaluate(async () => (await (await fetch('/api/v1/me/handoff', { method: 'POST' })).json()).code);
  const bearer = await served.evaluate(() => sessionStorage.getItem('dms.here'));
  const trade = async (headers, code) =>
    raw(`${agent}/v1/watch/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ code: code ?? (await fresh()) }),
    });
  const read = (headers, path = `/api/v1/titles/${title}`) =>
    raw(`${agent}${path}`, { headers: { authorization: `Bearer ${bearer}`, ...headers } });
  const { host } = new URL(agent);
  const last = await fresh();
  return {
    usedAgain: await trade({ origin: agent }, used),
    tradedByPortal: await trade({ origin: new URL(page.url()).origin }),
    tradedElsewhere: await trade({ origin: 'https://elsewhere.example' }),
    tradedByProgram: await trade({}),
    tradedRebound: await trade({ host: 'elsewhere.example', origin: 'http://elsewhere.example' }),
    readHere: await read({ origin: agent }),
    readElsewhere: await read({ origin: 'https://elsewhere.example' }),
    readRebound: await read({ host: 'elsewhere.example' }),
    readWithout: await raw(`${agent}/api/v1/titles/${title}`, { headers: { host } }),
    readOther: await read({}, '/api/v1/people'),
    quit: await raw(`${agent}/v1/quit`, { method: 'POST', headers: { authorization: `Bearer ${bearer}`, origin: agent } }),
    // What was refused did not use the code up: it is still good at the page itself.
    tradedHere: await trade({ origin: agent }, last),
  };
}

async function lockOut({ url, person, token }) {
  const answer = await fetch(new URL(`/api/v1/people/${person}`, url), {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ active: false }),
  });
  if (!answer.ok) throw new Error(`the person was not locked out: ${answer.status} ${await answer.text()}`);
}

async function run({ url, agent, login, password, person, token, chromiumPath }) {
  const { host, pathname } = new URL(url);
  const title = pathname.split('/').pop();
  const browser = await launchBrowser({
    chromiumPath,
    chromiumArgs: [`--ip-address-space-overrides=${host}=public`],
  });
  const said = {};
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const asked = [];
    context.on('request', (request) => asked.push(request));
    const refused = [];
    context.on('console', (message) => {
      if (/Content Security Policy|Uncaught/.test(message.text())) refused.push(message.text());
    });
    const page = await context.newPage();
    await page.goto(`${url}?portal=public&t=0&agent=${agent}`);
    await page.fill('#login', login);
    await page.fill('#password', password);
    await page.click('#account button[type=submit]');
    await waitForPlayer(page, (state) => state.currentTime > 0.5 && state.route.offered, { timeoutMs: TIMEOUT_MS });
    said.before = { permission: await permission(page), path: (await readPlayer(page)).path };
    const given = page.waitForResponse((answer) => answer.url().endsWith('/api/v1/me/handoff'));
    const opening = context.waitForEvent('page');
    await page.click('#notice [data-handoff]');
    const used = (await (await given).json()).code;
    const served = await opening;
    await served.waitForURL(/\/watch\//);
    const told = served.waitForResponse((answer) => answer.url().endsWith('/api/v1/delivery'), { timeout: TIMEOUT_MS });
    told.catch(() => undefined);
    said.played = await waitForPlayer(served, (state) => state.currentTime > 1, { timeoutMs: TIMEOUT_MS });
    said.address = served.url();
    said.after = { permission: await permission(page) };
    await page.waitForFunction(() => document.querySelector('#notice')?.textContent?.includes('goes on in the player'));
    said.paused = (await readPlayer(page)).paused;
    const ofPage = asked.filter((request) => request.frame().page() === served && /^http/.test(request.url()));
    said.hosts = [...new Set(ofPage.map((request) => new URL(request.url()).origin))];
    said.kept = await served.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]));
    said.poster = await served.evaluate(() => document.querySelector('#poster')?.getAttribute('src') ?? '');
    said.misuse = await misuse({ page, served, agent, used, title });
    said.told = [(await told).status(), (await told).request().postDataJSON().path];
    await served.evaluate(() => document.querySelector('video').pause());
    await lockOut({ url, person, token });
    await served.waitForSelector('#back', { timeout: TIMEOUT_MS });
    said.over = await served.innerText('#overlay');
    said.back = await served.getAttribute('#back', 'href');
    said.stopped = await served.evaluate(() => document.querySelector('video').readyState);
    said.refused = refused;
  } finally {
    await browser.close();
  }
  return said;
}

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    agent: { type: 'string' },
    login: { type: 'string' },
    password: { type: 'string' },
    person: { type: 'string' },
    'owner-token-file': { type: 'string' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const needed = ['url', 'agent', 'login', 'password', 'person', 'owner-token-file'];
if (needed.some((name) => !values[name])) {
  console.error(`usage: served.mjs ${needed.map((name) => `--${name} …`).join(' ')} [--chromium FILE]`);
  process.exit(2);
}
try {
  const token = (await readFile(values['owner-token-file'], 'utf8')).trim();
  console.log(JSON.stringify(await run({ ...values, token, chromiumPath: values.chromium })));
} catch (error) {
  console.error(`served: ${error instanceof Error ? error.stack : error}`);
  process.exit(1);
}
