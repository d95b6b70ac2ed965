import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drive, waitForPlayer } from '../../dev/drive.mjs';
import { sealTitle } from '../../dev/title';
import type { PlayerState } from '../../src/watch/state';
import { NO_AGENT, Theatre, close } from './theatre';

const theatre = Theatre.forThisFile();

/** Every opened segment is, byte for byte, what was sealed; and all of the picture was opened. */
function expectWholeClip(state: PlayerState): void {
  const { clip } = theatre.stage;
  const videos = clip.tracks.filter(({ kind }) => kind === 'video').map(({ id }) => id);
  const pictures = new Set<number>();
  for (const [place, sha256] of Object.entries(state.hashes)) {
    const [track = 0, segment = 0] = place.split('/').map(Number);
    const plain = clip.tracks.find(({ id }) => id === track)?.segments[segment] ?? Buffer.alloc(0);
    expect(sha256, place).toBe(createHash('sha256').update(plain).digest('hex'));
    if (videos.includes(track)) pictures.add(segment);
  }
  expect(pictures.size).toBe(clip.seconds + 1);
  expect(state.frames).toEqual({ decoded: clip.frames, dropped: expect.any(Number) });
  expect(state.phase).toBe('ended');
}

function play(agentUrl: string, browser?: Parameters<typeof drive>[0]['browser'], waitPath?: 'agent') {
  const { dms, title } = theatre.stage;
  const url = `${dms.url}/watch/${title.id}`;
  return drive({
    url,
    token: dms.token,
    agentUrl,
    ...(browser ? { browser } : {}),
    ...(waitPath ? { waitPath } : {}),
  });
}

beforeEach(() => {
  theatre.stage.dms.asked.length = 0;
});

afterEach(() => {
  const { dms, agent } = theatre.stage;
  Object.assign(dms.faults, { wrongKeys: false, segmentsDown: false, forbidden: false, licenseMs: 3_600_000, withdrawn: false });
  Object.assign(agent, { delayMs: 0, corrupt: false, onSegment: () => undefined });
});

const treeRequests = () => theatre.stage.dms.asked.filter((line) => line.startsWith('GET /hls/'));

describe('a video plays to its last picture', () => {
  it('from the origin when no agent answers', async () => {
    const state = await play(NO_AGENT, await theatre.browser());
    expectWholeClip(state);
    expect(state).toMatchObject({ path: 'origin' });
    expect(state.route).toMatchObject({ reason: 'agent_silent', offered: false });
    expect(state.bytes).toMatchObject({ cache: 0, peer: 0, origin: state.bytes.total });
    expect(state.errors).toEqual([]);
    expect(state.stalls).toBe(0);
  });

  it('through the agent, and then the DMS is asked for no segment', async () => {
    const state = await play(theatre.stage.agent.url, await theatre.browser());
    expectWholeClip(state);
    expect(state).toMatchObject({ path: 'agent' });
    expect(state.route).toMatchObject({ reason: 'not_gated' });
    expect(state.bytes.peer).toBeGreaterThan(0);
    expect(state.bytes.peer + state.bytes.cache + state.bytes.origin).toBe(state.bytes.total);
    expect(treeRequests()).toEqual([]);
  });

  it('from the agent that answers only after the start', async () => {
    theatre.stage.agent.delayMs = 700;
    const state = await play(theatre.stage.agent.url, await theatre.browser(), 'agent');
    expectWholeClip(state);
    expect(state.route.log.map(({ reason }) => reason)).toEqual(['agent_silent', 'agent_answers']);
  });
});

describe('an agent that fails', () => {
  it('by dying is left for the origin, and the page says so', async () => {
    const { agent, dms, title } = theatre.stage;
    const { port } = new URL(agent.url);
    let left = 4;
    agent.onSegment = () => {
      left -= 1;
      if (left === 0) void agent.close();
    };
    const url = `${dms.url}/watch/${title.id}?agent=${agent.url}&debug=hashes`;
    const opened = await theatre.open(url);
    const state = await waitForPlayer(opened.page, (s) => s.phase === 'ended');
    expectWholeClip(state);
    expect(state.route.log.map(({ reason }) => reason)).toEqual(['not_gated', 'agent_lost']);
    expect(state.bytes.origin).toBeGreaterThan(0);
    expect(await opened.page.textContent('#notice')).toContain('goes on from the internet');
    await close(opened);
    await agent.start(Number(port));
  });

  it('by forgetting its sessions is asked for a new one', async () => {
    const { agent } = theatre.stage;
    let left = 3;
    agent.onSegment = () => {
      left -= 1;
      if (left === 0) agent.forgetSessions();
    };
    const state = await play(agent.url, await theatre.browser());
    expectWholeClip(state);
    expect(state.path).toBe('agent');
    expect(treeRequests()).toEqual([]);
  });

  it('by handing out damaged bytes is corrected by the origin', async () => {
    theatre.stage.agent.corrupt = true;
    const state = await play(theatre.stage.agent.url, await theatre.browser());
    expectWholeClip(state);
    expect(treeRequests().length).toBeGreaterThanOrEqual(theatre.stage.clip.seconds + 1);
  });
});

describe('licences', () => {
  it('with the wrong keys end playback at once', async () => {
    theatre.stage.dms.faults.wrongKeys = true;
    const state = await play(NO_AGENT, await theatre.browser());
    expect(state.phase).toBe('error');
    expect(state.errors).toMatchObject([{ code: 'license_wrong_key', fatal: true }]);
    expect(state.frames.decoded).toBe(0);
    const segments = treeRequests().filter((line) => line.endsWith('.m4s'));
    expect(segments.length).toBeLessThanOrEqual(4);
  });
});

describe('what stands in the way is explained', () => {
  async function card(path: string): Promise<string> {
    const opened = await theatre.open(theatre.stage.dms.url + path);
    const text = (await opened.page.textContent('.card--error, .card--refusal')) ?? '';
    await close(opened);
    return text;
  }

  it('a title that does not exist', async () => {
    const text = await card('/watch/00000000-0000-4000-8000-000000000000');
    expect(text).toContain('not shared with you, or there is none at this address');
    expect(text).toMatch(/title_not_found.*dev-\d+/);
  });

  it('an address that names no title', async () => {
    const { page, context } = await theatre.open(`${theatre.stage.dms.url}/watch/`);
    expect(await page.textContent('.card--error')).toContain('This link is not complete');
    await context.close();
  });

  it('a title that is not for this person', async () => {
    theatre.stage.dms.faults.forbidden = true;
    expect(await card(`/watch/${theatre.stage.title.id}`)).toContain('You may not watch this video');
  });

  it('a title that failed', async () => {
    const error = { code: 'not_video', message: 'It looks like plain text.' };
    const row = theatre.stage.dms.addRow('notes.txt', { state: 'failed', error });
    expect(await card(`/watch/${row.id}`)).toContain('It looks like plain text.');
  });

  it('a licence that was withdrawn ends it within half a minute, and what was watched is told', async () => {
    const { dms, title } = theatre.stage;
    const opened = await theatre.open(`${dms.url}/watch/${title.id}?agent=${NO_AGENT}`);
    await waitForPlayer(opened.page, (s) => s.currentTime > 1);
    dms.plays.length = 0;
    dms.faults.withdrawn = true;
    await opened.page.waitForSelector('.card--error', { timeout: 30_000 });
    expect(await opened.page.textContent('.card--error')).toContain('You may not watch this any more');
    const played = dms.plays.at(-1)?.played_ms;
    expect(played).toBeGreaterThan(1_000);
    expect(played).toBeLessThan(theatre.stage.clip.seconds * 1_000 + 500);
    await close(opened);
  });

  it('a store that is away; Retry goes on when it is back', async () => {
    const { dms, title } = theatre.stage;
    dms.faults.segmentsDown = true;
    const opened = await theatre.open(`${dms.url}/watch/${title.id}?agent=${NO_AGENT}`);
    await opened.page.waitForSelector('.card--error', { timeout: 60_000 });
    expect(await opened.page.textContent('.card--error')).toContain('The video server does not answer');
    dms.faults.segmentsDown = false;
    await opened.page.click('text=Retry');
    await waitForPlayer(opened.page, (s) => s.phase === 'ended' && s.frames.decoded > 0);
    await close(opened);
  });
});

describe('a title that is being prepared', () => {
  it('starts by itself when it is ready', async () => {
    const { dms, clip } = theatre.stage;
    const row = dms.addRow('Town hall', { state: 'transcoding', progress_percent: 40, eta_seconds: 90 });
    const opened = await theatre.open(`${dms.url}/watch/${row.id}?agent=${NO_AGENT}`);
    await opened.page.waitForSelector('.card--preparing');
    expect(await opened.page.textContent('.card--preparing')).toMatch(/40%, about 2 min left/);
    dms.finish(row, await sealTitle(clip, row.id));
    await waitForPlayer(opened.page, (s) => s.currentTime > 1);
    await close(opened);
  });
});

describe('signing in', () => {
  it('again after the session ended goes on where it was', async () => {
    const { dms, title } = theatre.stage;
    const opened = await theatre.open(`${dms.url}/watch/${title.id}?agent=${NO_AGENT}&at=2`);
    const { page } = opened;
    await waitForPlayer(page, (s) => s.currentTime > 2.2);
    dms.signEveryoneOut();
    await page.reload();
    await page.click('#use-token');
    await page.fill('#token', 'dms_wrong');
    await page.click('#sign-in button[type=submit]');
    await page.waitForFunction(() => document.querySelector('#token-error')?.textContent !== '');
    expect(await page.textContent('#token-error')).toContain('That token was not accepted');
    await page.fill('#token', dms.token);
    await page.keyboard.press('Enter');
    await waitForPlayer(page, (s) => s.currentTime > 2);
    await close(opened);
  });
});
