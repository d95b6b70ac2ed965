import { describe, expect, it } from 'vitest';
import { readPlayer, waitForPlayer } from '../../dev/drive.mjs';
import { Theatre, close } from './theatre';

const theatre = Theatre.forThisFile();

/** The watch page, treated as one of a wider network, as the browser is made to treat it. */
const url = () => theatre.stage.watchUrl({ portal: 'public' });

describe('a page of a wider network', () => {
  it('uses the agent at once where the permission is there', async () => {
    const opened = await theatre.open(url(), await theatre.publicBrowser(), ['local-network-access']);
    const state = await waitForPlayer(opened.page, (s) => s.currentTime > 1);
    expect(state.path).toMatchObject({ current: 'agent', reason: 'granted', permission: 'granted' });
    await close(opened);
  });

  it('plays from the origin where it is denied, and never asks', async () => {
    // Granting something else denies the rest.
    const opened = await theatre.open(url(), await theatre.publicBrowser(), ['geolocation']);
    const state = await waitForPlayer(opened.page, (s) => s.phase === 'ended');
    expect(state.path).toMatchObject({ current: 'origin', reason: 'denied', offered: false });
    expect(state.frames.decoded).toBe(theatre.stage.clip.frames);
    expect(await opened.page.isHidden('#notice')).toBe(true);
    await close(opened);
  });

  it('plays from the origin and offers the office network where the browser would ask', async () => {
    const { agent } = theatre.stage;
    const before = agent.segments;
    const opened = await theatre.open(url(), await theatre.publicBrowser());
    const state = await waitForPlayer(opened.page, (s) => s.currentTime > 1);
    expect(state.path).toMatchObject({ current: 'origin', reason: 'ask_first', offered: true, permission: 'prompt' });
    expect(await opened.page.textContent('#notice')).toContain('Your browser will ask once');
    expect(agent.segments).toBe(before);
    await close(opened);
  });

  it('changes to the agent on a click, without a reload and without losing its place', async () => {
    const opened = await theatre.open(url(), await theatre.publicBrowser());
    const { page, context } = opened;
    await waitForPlayer(page, (s) => s.path.offered && s.currentTime > 1);
    await context.grantPermissions(['local-network-access']);
    await page.click('#offer-yes');
    const state = await waitForPlayer(page, (s) => s.path.current === 'agent');
    expect(state.currentTime).toBeGreaterThan(1);
    expect(state.path.log.map(({ reason }) => reason)).toEqual(['ask_first', 'granted']);
    const end = await waitForPlayer(page, (s) => s.phase === 'ended');
    expect(end.frames.decoded).toBe(theatre.stage.clip.frames);
    await close(opened);
  });

  it('remembers a no of the browser and of the person', async () => {
    const opened = await theatre.open(url(), await theatre.publicBrowser());
    const { page } = opened;
    await waitForPlayer(page, (s) => s.path.offered);
    // Headless Chromium answers its own question with no.
    await page.click('#offer-yes');
    await page.waitForFunction(() => document.querySelector('#notice')?.textContent?.includes('does not allow'));
    expect((await readPlayer(page))?.path.current).toBe('origin');
    await page.reload();
    const state = await waitForPlayer(page, (s) => s.currentTime > 0.5);
    expect(state.path.offered).toBe(false);
    expect(['denied', 'refused_before']).toContain(state.path.reason);
    await close(opened);
  });

  it('does not offer again what was declined', async () => {
    const opened = await theatre.open(url(), await theatre.publicBrowser());
    const { page } = opened;
    await waitForPlayer(page, (s) => s.path.offered);
    await page.click('#offer-no');
    await page.reload();
    const state = await waitForPlayer(page, (s) => s.currentTime > 0.5);
    expect(state.path).toMatchObject({ current: 'origin', reason: 'refused_before', offered: false });
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
    expect(asked.filter((line) => line.includes('192.0.2.1'))).toEqual([
      expect.stringContaining(`/watch/${title.id}`),
    ]);
    await opened.context.close();
  });
});
