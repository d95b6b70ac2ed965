/** The breaks of a title, by the keyboard alone. */

import { expect, it } from 'vitest';
import { faultless, PAIR } from './axe';
import { press, tabTo } from './hands';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

it('breaks are placed, moved, taken away, put back and saved by keys', async () => {
  const title = await theatre.server.publish('Q3 all hands');
  const kept = async () => {
    const answer = await theatre.server.call('GET', `/api/v1/titles/${title}/breaks`);
    const { breaks } = (await answer.json()) as { breaks: { at_ms: number }[] };
    return breaks.map(({ at_ms: ms }) => ms);
  };
  const opened = await theatre.open(`/titles/${title}?tab=breaks`);
  const { page } = opened;
  await page.getByText('There are no breaks').waitFor();
  await tabTo(page, 'slider', 'Playhead');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('button', { name: 'Add a break at 00:00:02.000' }).waitFor();
  await page.keyboard.press('b');
  await press(page, 'slider', 'Break 1', { key: 'Control+ArrowRight' });
  const mark = page.getByRole('slider', { name: 'Break 1' });
  await expect.poll(() => mark.getAttribute('aria-valuetext')).toBe('00:00:02.100');
  await page.keyboard.press('Control+s');
  await expect.poll(kept).toEqual([2_100]);
  await press(page, 'slider', 'Break 1', { key: 'Delete' });
  await mark.waitFor({ state: 'detached' });
  await press(page, 'button', 'Undo');
  await mark.waitFor();
  await press(page, 'switch', 'Before the video', { key: 'Space' });
  await press(page, 'button', 'Save the breaks');
  await expect.poll(kept).toEqual([0, 2_100]);
  await faultless(page, 'breaks', PAIR);
  await close(opened);
});
