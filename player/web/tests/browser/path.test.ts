import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPlayer, waitForPlayer } from '../../dev/drive.mjs';
import { COMBINATIONS, Standpoints } from '../../dev/paths';
import { startStage } from '../../dev/stage';
import { type Opened, Theatre, close } from './theatre';

const theatre = Theatre.forThisFile();

/** The watch page, treated as one of a wider network, as the browser is made to treat it. */
const url = () => theatre.stage.watchUrl({ portal: 'public' });

const standing = { at: null as Standpoints | null };
beforeAll(async () => {
  standing.at = await Standpoints.open();
});
afterAll(async () => {
  await standing.at?.close();
});

describe('every way to stand towards the agent starts to play, and asks nobody unasked', () => {
  it.each(COMBINATIONS)('a page of $space, permission: $grant', async (combination) => {
    const { at } = standing;
    if (!at) throw new Error('there is no stage');
    const why = combination.grant === 'policy' ? at.prescribe() : null;
    // Only the superuser may prescribe; whoever reads this line knows that four rows were not looked at.
    if (why !== null) return console.warn(`SKIPPED a page of ${combination.space} with a policy: ${why}`);
    const { state, asked } = await at.stand(combination);
    const { path, offered, reason } = combination;
    expect({ path: state.path, offered: state.route.offered, asked }).toEqual({ path, offered, asked: false });
    // On a busy PC the page begins at the origin, and takes the agent when it answers.
    const later = path === 'agent' ? [reason, 'agent_answers'] : [reason];
    expect(later).toContain(state.route.reason);
    expect(state.currentTime).toBeGreaterThan(0);
  });
});

describe('a page of a wider network', () => {
  it('changes to the agent on a click, without a reload and without losing its place', async () => {
    const opened = await theatre.open(url(), await theatre.publicBrowser());
    const { page, context } = opened;
    await waitForPlayer(page, (s) => s.route.offered && s.currentTime > 1);
    await context.grantPermissions(['local-network-access']);
    await page.click('#offer-yes');
    const state = await waitForPlayer(page, (s) => s.path === 'agent');
    expect(state.currentTime).toBeGreaterThan(1);
    expect(state.route.log.map(({ reason }) => reason)).toEqual(['ask_first', 'granted']);
    const end = await waitForPlayer(page, (s) => s.phase === 'ended');
    expect(end.frames.decoded).toBe(theatre.stage.clip.frames);
    await close(opened);
  });

  it('remembers a no of the browser and of the person', async () => {
    const opened = await theatre.open(url(), await theatre.publicBrowser());
    const { page } = opened;
    await waitForPlayer(page, (s) => s.route.offered);
    // Headless Chromium answers its own question with no.
    await page.click('#offer-yes');
    await page.waitForFunction(() => document.querySelector('#notice')?.textContent?.includes('does not allow'));
    expect((await readPlayer(page))?.path).toBe('origin');
    await page.reload();
    const state = await waitForPlayer(page, (s) => s.currentTime > 0.5);
    expect(state.route.offered).toBe(false);
    expect(['denied', 'refused_before']).toContain(state.route.reason);
    await close(opened);
  });

  it('does not offer again what was declined', async () => {
    const opened = await theatre.open(url(), await theatre.publicBrowser());
    const { page } = opened;
    await waitForPlayer(page, (s) => s.route.offered);
    await page.click('#offer-no');
    await page.reload();
    const state = await waitForPlayer(page, (s) => s.currentTime > 0.5);
    expect(state).toMatchObject({ path: 'origin' });
    expect(state.route).toMatchObject({ reason: 'refused_before', offered: false });
    await close(opened);
  });
});

/** Opens the agent's page by its link, once there is one. */
async function goOn({ page, context }: Opened, link: string) {
  const opening = context.waitForEvent('page');
  await page.click(link);
  const served = await opening;
  const violations: string[] = [];
  served.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) violations.push(message.text());
  });
  served.on('pageerror', (error) => violations.push(`uncaught: ${error}`));
  // The tab is empty until it is known where it leads.
  await served.waitForURL(/\/watch\//);
  return { served, violations };
}

describe('the page that the agent serves', () => {
  it('goes on where the browser was not asked, and the first page stops', async () => {
    const opened = await theatre.open(url(), await theatre.publicBrowser());
    const { page } = opened;
    await waitForPlayer(page, (s) => s.route.offered && s.currentTime > 1);
    const { served, violations } = await goOn(opened, '#notice [data-handoff]');
    const state = await waitForPlayer(served, (s) => s.currentTime > 1);
    expect(state).toMatchObject({ path: 'agent', route: { reason: 'not_gated', agent: theatre.stage.agent.url } });
    expect(new URL(served.url())).toMatchObject({ origin: theatre.stage.agent.url, hash: '' });
    expect(new URL(served.url()).searchParams.get('at')).toBe('1');
    await waitForPlayer(page, (s) => s.paused);
    expect(await page.textContent('#notice')).toContain('goes on in the player of this PC');
    // Pictures and tracks come with the bearer, too.
    await served.waitForSelector('#poster[src^="blob:"]', { state: 'attached' });
    await served.waitForSelector('track[kind=captions][src^="blob:"]', { state: 'attached' });
    const cues = () => served.evaluate(() => document.querySelector<HTMLTrackElement>('track[label=thumbnails]')?.track.cues?.length ?? 0);
    await expect.poll(cues).toBeGreaterThan(0);
    const end = await waitForPlayer(served, (s) => s.phase === 'ended');
    expect(end.bytes.total).toBeGreaterThan(0);
    // Loaded anew it goes on with what the tab has; a tab without it says where to go.
    await served.reload();
    await waitForPlayer(served, (s) => s.segments > 0);
    await served.evaluate(() => sessionStorage.clear());
    await served.reload();
    await served.waitForSelector('#back');
    expect(await served.getAttribute('#back', 'href')).toContain(`${theatre.stage.dms.url}/watch/`);
    expect(violations).toEqual([]);
    await close(opened);
  });

  it('is offered beside the reasons where the browser said no, and says when nobody answers', async () => {
    const browser = await theatre.publicBrowser();
    const denied = await theatre.open(url(), browser, ['geolocation']);
    await waitForPlayer(denied.page, (s) => s.currentTime > 0.5 && s.route.reason === 'denied');
    await denied.page.click('#why-button');
    const { served } = await goOn(denied, '#why [data-handoff]');
    await waitForPlayer(served, (s) => s.path === 'agent' && s.currentTime > 0.5);
    await close(denied);

    const { dms, title } = theatre.stage;
    const alone = await theatre.open(`${dms.url}/watch/${title.id}?portal=public&agent=http://127.0.0.1:9`, browser);
    await waitForPlayer(alone.page, (s) => s.route.offered && s.currentTime > 0.5);
    await alone.page.click('#notice [data-handoff]');
    await alone.page.waitForFunction(() => document.querySelector('#notice')?.textContent?.includes('No player answered'));
    // This page was not stopped for nothing.
    await waitForPlayer(alone.page, (s) => s.phase === 'ended');
    await close(alone);
  });

  it('offers nothing to who has the agent anyway', async () => {
    const { dms, agent, title } = theatre.stage;
    const opened = await theatre.open(`${dms.url}/watch/${title.id}?agent=${agent.url}`);
    await waitForPlayer(opened.page, (s) => s.path === 'agent' && s.currentTime > 0.5);
    await opened.page.click('#why-button');
    expect(await opened.page.locator('[data-handoff]').count()).toBe(0);
    await close(opened);
  });

  it('says when the agent has gone and when the session is over, and leads back', async () => {
    const stage = await startStage({ clip: { seconds: 4, segmentSeconds: 1 } });
    const address = () => `${stage.agent.url}/watch/${stage.title.id}?t=0#code=${stage.dms.newCode()}`;
    const context = await (await theatre.browser()).newContext();
    const over = await context.newPage();
    await over.goto(address());
    await waitForPlayer(over, (s) => s.currentTime > 0.5);
    stage.dms.signEveryoneOut();
    // Asked again and again whether the licence holds: within half a minute it is noticed.
    await over.waitForSelector('#back', { timeout: 60_000 });
    expect(await over.textContent('#overlay')).toContain('This session is over');
    expect(await over.getAttribute('#back', 'href')).toContain(`${stage.dms.url}/watch/${stage.title.id}`);

    const gone = await context.newPage();
    // The agent stops after the first segment: what follows is asked for in vain.
    stage.agent.onSegment = () => void stage.agent.close();
    await gone.goto(address());
    await gone.waitForSelector('#back', { timeout: 60_000 });
    expect(await gone.textContent('#overlay')).toContain('does not answer');
    expect(await gone.getAttribute('a.brand', 'href')).toBe(`${stage.dms.url}/`);
    await context.close();
    await stage.dms.close();
  });
});

describe('an agent address', () => {
  it('that is not loopback is ignored', async () => {
    const { dms, title } = theatre.stage;
    const opened = await theatre.open(`${dms.url}/watch/${title.id}?agent=http://192.0.2.1:7747`);
    const asked: string[] = [];
    opened.page.on('request', (request) => asked.push(request.url()));
    await opened.page.reload();
    await waitForPlayer(opened.page, (s) => s.currentTime > 0.5);
    const elsewhere = asked.filter((line) => !line.startsWith(dms.url) && !line.startsWith('blob:'));
    expect(elsewhere.filter((line) => !line.startsWith('http://127.0.0.1:7747/'))).toEqual([]);
    await opened.context.close();
  });

  it('is the only one the page can connect to besides its own server', async () => {
    const { dms, agent, title } = theatre.stage;
    const other = await startStage({ clip: { seconds: 4, segmentSeconds: 1 } });
    const opened = await theatre.open(`${dms.url}/watch/${title.id}?agent=${agent.url}`);
    await waitForPlayer(opened.page, (s) => s.currentTime > 0.5);
    const reach = (url: string) =>
      opened.page.evaluate((to) => fetch(to, { mode: 'no-cors' }).then(() => 'reached', () => 'refused'), url);
    expect(await reach(`${agent.url}/v1/hello`)).toBe('reached');
    expect(await reach(`${other.agent.url}/v1/hello`)).toBe('refused');
    expect(await reach('http://localhost:1/')).toBe('refused');
    expect(opened.violations.join()).toContain('connect-src');
    await opened.context.close();
    await other.close();
  });
});
