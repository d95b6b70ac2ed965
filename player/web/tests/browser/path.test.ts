import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPlayer, waitForPlayer } from '../../dev/drive.mjs';
import { COMBINATIONS, Standpoints } from '../../dev/paths';
import { startStage } from '../../dev/stage';
import { Theatre, close } from './theatre';

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
