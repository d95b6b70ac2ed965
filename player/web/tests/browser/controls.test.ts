import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { waitForPlayer } from '../../dev/drive.mjs';
import { NO_AGENT, type Opened, Theatre, close } from './theatre';

const theatre = Theatre.forThisFile();

async function paused(): Promise<Opened> {
  const { dms, title } = theatre.stage;
  const opened = await theatre.open(`${dms.url}/watch/${title.id}?agent=${NO_AGENT}`);
  await waitForPlayer(opened.page, (s) => s.currentTime > 0.3);
  await opened.page.keyboard.press('k');
  await waitForPlayer(opened.page, (s) => s.paused);
  return opened;
}

async function press(page: Page, key: string): Promise<void> {
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.keyboard.press(key);
}

function video<T>(page: Page, read: (video: HTMLVideoElement) => T): Promise<T> {
  return page.$eval('#video', read as (element: Element) => T) as Promise<T>;
}

describe('the keyboard', () => {
  it('controls the player and says what it did', async () => {
    const opened = await paused();
    const { page } = opened;
    await press(page, '5');
    const middle = await video(page, (v) => v.duration / 2);
    expect(await video(page, (v) => v.currentTime)).toBeCloseTo(middle, 3);
    expect(await page.textContent('#announcer')).toBe('At 0:02 of 0:04');
    await press(page, '.');
    expect(await video(page, (v) => v.currentTime)).toBeCloseTo(middle + 1 / 25, 3);
    await press(page, 'ArrowLeft');
    expect(await video(page, (v) => v.currentTime)).toBe(0);
    await press(page, '>');
    expect(await video(page, (v) => v.playbackRate)).toBe(1.25);
    await press(page, 'm');
    expect(await video(page, (v) => v.muted)).toBe(true);
    await press(page, 'ArrowDown');
    expect(await video(page, (v) => [v.muted, v.volume])).toEqual([false, 0.95]);
    await press(page, 's');
    expect(await page.textContent('#stats')).toContain('origin (agent_silent)');
    await press(page, '?');
    expect(await page.isVisible('#help')).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.isVisible('#help')).toBe(false);
    await close(opened);
  });

  it('leaves typing alone', async () => {
    const opened = await paused();
    const { page } = opened;
    await page.click('#settings-button');
    await page.focus('.menu select');
    await page.keyboard.press('m');
    await page.keyboard.press('7');
    expect(await video(page, (v) => [v.muted, v.currentTime > 2])).toEqual([false, false]);
    await page.keyboard.press('Escape');
    expect(await page.isHidden('#settings')).toBe(true);
    await close(opened);
  });
});

describe('the menu', () => {
  it('changes speed and quality', async () => {
    const opened = await paused();
    const { page } = opened;
    await page.click('#settings-button');
    await page.selectOption('.menu__row:nth-child(1) select', '1.5');
    expect(await video(page, (v) => v.playbackRate)).toBe(1.5);
    const labels = await page.$$eval('.menu__row:nth-child(2) option', (all) => all.map((o) => o.textContent));
    expect(labels).toEqual([
      'Automatic (360p)',
      expect.stringMatching(/^360p, /),
      expect.stringMatching(/^180p, /),
    ]);
    await page.selectOption('.menu__row:nth-child(2) select', '0');
    await page.evaluate(() => document.querySelector('video')?.play());
    await waitForPlayer(page, (s) => s.phase === 'ended' && s.level?.height === 180);
    await close(opened);
  });
});

describe('hovering over the time', () => {
  it('shows a picture of that time', async () => {
    const opened = await paused();
    const { page } = opened;
    const box = await page.locator('media-time-range').boundingBox();
    if (!box) throw new Error('the time range is not there');
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 3 });
    await page.waitForSelector('media-controller media-time-range[mediapreviewimage*="sprites.jpg"]', {
      state: 'attached',
    });
    await close(opened);
  });
});

describe('window.dmsPlayer', () => {
  it('cannot be changed by a script', async () => {
    const opened = await paused();
    const kept = await opened.page.evaluate(() => {
      const holder = window as unknown as { dmsPlayer: { phase: string; extra?: number } };
      const attempts = [
        () => (holder.dmsPlayer.phase = 'x'),
        () => (holder.dmsPlayer.extra = 1),
        () => (holder.dmsPlayer = { phase: 'x' }),
      ];
      for (const attempt of attempts) {
        try {
          attempt();
        } catch {
          // Strict code is told; what counts is that nothing changed.
        }
      }
      return [holder.dmsPlayer.phase, holder.dmsPlayer.extra ?? null];
    });
    expect(kept).toEqual(['ready', null]);
    await close(opened);
  });
});
