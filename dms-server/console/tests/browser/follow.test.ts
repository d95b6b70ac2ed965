import { describe, expect, it } from 'vitest';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

const WRONG = '1\n00:00:05,000 --> 00:00:01,000\nHello\n';
const GOOD = '1\n00:00:00,000 --> 00:00:02,000\nHello\n\n2\n00:00:01,000 --> 00:00:03,000\nand <i>welcome</i>\n';

describe('J4: what the server tells, and captions beside the player', () => {
  it('a title comes into the list by itself, is captioned, and gets chapters', async () => {
    const opened = await theatre.open('/library');
    const { page } = opened;
    await page.getByText('There is no title yet').waitFor();
    let asked = 0;
    page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/api/v1/titles') asked += 1;
    });
    const id = await theatre.server.publish('Budget');
    await page.getByRole('cell', { name: 'Published' }).waitFor();
    // Once for the new title, once for its end, and once a list; not every second and a half.
    expect(asked).toBeLessThanOrEqual(8);

    await page.getByText('Budget').first().click();
    await page.getByRole('tab', { name: 'Captions and chapters' }).click();
    await page.getByRole('button', { name: 'Add captions' }).click();
    const dialog = page.getByRole('dialog');
    const file = (text: string) => ({ name: 'talk.de.srt', mimeType: 'text/plain', buffer: Buffer.from(text) });
    await dialog.locator('input[type=file]').setInputFiles(file(WRONG));
    expect(await dialog.getByLabel('Language').inputValue()).toBe('de');
    await dialog.getByRole('button', { name: 'Look at the file' }).click();
    const faults = dialog.getByRole('region', { name: 'Faults of the file' });
    await faults.getByRole('row').nth(1).waitFor();
    expect((await faults.getByRole('row').nth(1).getByRole('cell').allInnerTexts()).slice(0, 2)).toEqual(['2:18', '1']);
    await dialog.locator('input[type=file]').setInputFiles(file(GOOD));
    await dialog.getByRole('button', { name: 'Look at the file' }).click();
    await dialog.getByText('The file has 2 lines.').waitFor();
    await dialog.getByRole('button', { name: 'Keep it' }).click();

    await page.getByText('1 caption begins before the one before it ends.').waitFor();
    await page.getByRole('button', { name: 'Put all of them right' }).click();
    await page.getByLabel('Text of caption 2').fill('and welcome to Lyon');
    const player = page.frameLocator('iframe[title="Player of Budget"]').locator('video');
    await player.waitFor({ state: 'attached' });
    await expect.poll(() => player.evaluate((video: HTMLVideoElement) => video.readyState), { timeout: 60_000 }).toBeGreaterThan(0);
    await player.evaluate((video: HTMLVideoElement) => {
      video.pause();
      video.currentTime = 2.5;
    });
    const here = page.getByRole('button', { name: 'Begin here, caption 2' });
    await here.click();
    await expect.poll(() => page.getByLabel('Begin of caption 2').inputValue()).toBe('00:00:02.500');
    const kept = async () => (await theatre.server.call('GET', `/api/v1/titles/${id}/captions/de`)).text();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect.poll(kept).toContain('00:00:02.500 --> 00:00:03.000\nand welcome to Lyon');
    expect(await kept()).toContain('00:00:00.000 --> 00:00:01.000\nHello');

    // Somebody else saves meanwhile: nothing of theirs is overwritten before it is said.
    const headers = { authorization: `Bearer ${theatre.server.token}`, 'content-type': 'text/vtt' };
    const path = `${theatre.server.url}/api/v1/titles/${id}/captions/de`;
    await fetch(path, { method: 'PUT', headers, body: 'WEBVTT\n\n00:00.000 --> 00:01.000\nTheirs\n' });
    await page.getByLabel('Text of caption 1').fill('Mine');
    await page.keyboard.press('Control+s');
    await page.getByText('Somebody else saved these captions meanwhile').waitFor();
    expect(await kept()).toContain('Theirs');
    await page.getByRole('button', { name: 'Show theirs, and drop mine' }).click();
    await expect.poll(() => page.getByLabel('Text of caption 1').inputValue()).toBe('Theirs');

    await page.getByRole('button', { name: 'All captions' }).click();
    await page.getByText('There are no chapters').waitFor();
    await page.keyboard.press('c');
    await page.getByLabel('Name of chapter 1').fill('Welcome');
    await page.getByRole('button', { name: 'Save the chapters' }).click();
    const chapters = async () => (await theatre.server.call('GET', `/api/v1/titles/${id}/chapters`)).json();
    await expect.poll(chapters).toEqual({ chapters: [{ start_ms: 0, title: 'Welcome' }] });

    // J5: somebody watches, and it is drawn from where the video comes.
    await page.getByRole('tab', { name: 'Delivery' }).click();
    await page.getByText('No views in this time').waitFor();
    const viewer = await opened.context.newPage();
    await viewer.goto(`${theatre.server.url}/watch/${id}`);
    const video = viewer.locator('video');
    await video.evaluate((element: HTMLVideoElement) => {
      element.muted = true;
      void element.play();
    });
    await expect.poll(() => video.evaluate((element: HTMLVideoElement) => element.currentTime), { timeout: 60_000 }).toBeGreaterThan(1);
    await viewer.goto('about:blank');
    await page.getByRole('img', { name: 'Where the video comes from' }).waitFor();
    await page.getByRole('row').filter({ hasText: 'In no site' }).filter({ hasText: '0%' }).waitFor();
    await page.getByRole('button', { name: 'Freeze' }).click();
    await expect.poll(() => new URL(page.url()).searchParams.has('from')).toBe(true);
    await page.goto(`${theatre.server.url}/console/network?tab=flows`);
    await page.getByRole('img', { name: 'From the origin to the viewers' }).locator('canvas').waitFor();
    await page.goto(`${theatre.server.url}/console/rollout`);
    await page.getByRole('img', { name: 'The origin 100%' }).waitFor();
    await page.getByText('no agent answered').waitFor();
    await viewer.close();
    await close(opened);
  });

  it('twenty-five thousand captions are scrolled through and written into', async () => {
    const id = await theatre.server.publish('Hearing');
    const stamp = (s: number) => new Date(s * 1000).toISOString().slice(11, 23);
    const cue = (n: number) => `${stamp(n)} --> ${stamp(n + 0.9)}\nLine ${n}\n`;
    const file = `WEBVTT\n\n${Array.from({ length: 25_000 }, (_, n) => cue(n)).join('\n')}`;
    const headers = { authorization: `Bearer ${theatre.server.token}`, 'content-type': 'text/vtt' };
    await fetch(`${theatre.server.url}/api/v1/titles/${id}/captions/en`, { method: 'PUT', headers, body: file });
    const opened = await theatre.open(`/titles/${id}?tab=captions&lang=en`);
    const { page } = opened;
    await page.getByText('25,000 lines').waitFor();
    const list = page.getByRole('region', { name: 'Captions' });
    expect(await list.locator('[data-cue]').count()).toBeLessThan(40);
    // Who scrolls by hand is not pulled back to what is played.
    await list.hover();
    await page.mouse.wheel(0, 1_000);
    await expect.poll(() => page.getByLabel('Follow the player').isChecked()).toBe(false);
    await list.evaluate((box) => box.scrollTo(0, box.scrollHeight));
    const last = page.getByLabel('Text of caption 25000');
    await last.fill('The end');
    expect(await last.inputValue()).toBe('The end');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Saved: 25000 lines.').waitFor();
    await close(opened);
  });
});
