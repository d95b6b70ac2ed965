/**
 * Pictures of the main pages, light and dark, of a server with real titles, a site and agents: into `target/screens`, and with
 * `SCREENS=keep` into `docs/screens`, which the documents show.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { settled } from './axe';
import { Agent, until } from './office';
import { CLIP, PROGRAMS } from './server';
import { type Account, close, Theatre } from './theatre';

const KEPT = resolve(import.meta.dirname, '../../../../docs/screens');
const OUT = process.env.SCREENS === 'keep' ? KEPT : join(PROGRAMS, '../screens');
/** A picture smaller than this shows nothing, bytes. */
const LEAST = 10_000;
const NAMES = ['Q3 all hands', 'Safety on the ladder', 'The new travel rules', 'Welcome to the company'];
const CAPTIONS = `WEBVTT

00:00.200 --> 00:01.600
Good morning, and welcome to the all hands.

00:01.800 --> 00:03.200
First the numbers of the quarter,

00:03.300 --> 00:04.800
then what we have planned for spring.
`;

const theatre = Theatre.forThisFile();
const agents: Agent[] = [];
let title = '';
let ana: Account;

/** The clip in other colours: titles that can be told apart. */
function coloured(hue: number): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'dms-clip-'));
  const file = join(folder, 'clip.mp4');
  const picture = ['-vf', `hue=h=${hue}`, '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'copy'];
  execFileSync('ffmpeg', ['-v', 'error', '-i', CLIP, '-t', '3', ...picture, file]);
  const bytes = new Uint8Array(readFileSync(file));
  rmSync(folder, { recursive: true });
  return bytes;
}

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true });
  const { server } = theatre;
  for (const [name, subnets, cap] of [
    ['Lyon', ['127.1.0.0/24'], 6_250_000],
    ['Paris', ['10.30.0.0/16', '2001:db8:30::/48'], 12_500_000],
    ['Seoul', ['10.40.0.0/16'], 2_500_000],
  ] as const) {
    await server.call('POST', '/api/v1/sites', { name, subnets, wan_cap_bytes_per_second: cap });
  }
  title = await server.publish(NAMES[0] ?? '');
  for (const [at, name] of NAMES.slice(1).entries()) await server.upload(name, coloured(90 * (at + 1)));
  await fetch(`${server.url}/api/v1/titles/${title}/captions/en`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'text/vtt' },
    body: CAPTIONS,
  });
  ana = await theatre.account('ana@example.com', 'viewer');
  await theatre.stands(ana, title);
  for (const number of [21, 22]) agents.push(await Agent.start(server, number));
  await until('both agents know each other', async () => {
    const said = await Promise.all(agents.map((agent) => agent.status()));
    return said.every(({ roster }) => roster > 0);
  });
  await agents[0]?.fetchWhole(title);
  await until('every title is complete', async () => {
    const { items } = (await (await server.call('GET', '/api/v1/titles')).json()) as { items: { state: string }[] };
    return items.length === NAMES.length && items.every(({ state }) => state === 'complete');
  });
});

afterAll(async () => {
  for (const agent of agents) await agent.stop();
});

async function picture(page: Page, name: string): Promise<void> {
  const path = join(OUT, `${name}.jpg`);
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
  await page.screenshot({ path, animations: 'disabled', type: 'jpeg', quality: 85 });
  expect(statSync(path).size, name).toBeGreaterThan(LEAST);
}

const PAGES: readonly (readonly [string, string])[] = [
  ['home', '/console/'],
  ['library', '/console/library?view=grid'],
  ['title', '/console/titles/{title}'],
  ['captions', '/console/titles/{title}?tab=captions'],
  ['policy', '/console/titles/{title}?tab=policy'],
  ['network', '/console/network'],
  ['rollout', '/console/rollout'],
  ['audit', '/console/audit'],
];

it.each(['light', 'dark'] as const)('the main pages are drawn, %s', async (scheme) => {
  const opened = await theatre.open('/', { scheme });
  for (const [name, path] of PAGES) {
    await opened.page.goto(theatre.server.url + path.replace('{title}', title));
    await settled(opened.page);
    await opened.page.waitForLoadState('load');
    await picture(opened.page, `${name}-${scheme}`);
  }
  await close(opened);
  const employee = await theatre.openAt('/', { scheme, as: ana });
  await settled(employee.page);
  await picture(employee.page, `portal-${scheme}`);
  await employee.page.goto(`${theatre.server.url}/watch/${title}`);
  await employee.page.waitForSelector('body[data-phase=ready]');
  await employee.page.keyboard.press('t');
  await employee.page.waitForSelector('.line');
  await until('it plays', () =>
    employee.page.evaluate(() => {
      const video = document.querySelector('video');
      if (!video || video.currentTime < 1) return false;
      video.pause();
      return true;
    }),
  );
  await picture(employee.page, `watch-${scheme}`);
  await close(employee);
  const link = await agents[0]?.link();
  if (!link) throw new Error('no link to the agent');
  // The agent's page asks the agent, which is no part of the server's API.
  const face = await theatre.openAt('/problems', { scheme });
  await face.page.goto(link);
  await settled(face.page);
  await picture(face.page, `agent-${scheme}`);
  await face.context.close();
});
