import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { CLIP } from './server';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile(['people.require_codes=false']);

/** Most presses of Tab to anything on a page. */
const TABS_MAX = 80;

/** Moves the focus with Tab alone to what is called so. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let tabs = 0; tabs < TABS_MAX; tabs++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      const labelled = element as HTMLInputElement | null;
      const labels = [...(labelled?.labels ?? [])].map((label) => label.innerText).join(' ');
      return element?.getAttribute('aria-label') ?? (labels || (element?.innerText ?? ''));
    });
    if (name.test(focused.trim())) return;
  }
  throw new Error(`no Tab leads to ${name}`);
}

describe('with the keyboard alone', () => {
  it('a video is uploaded, published, and its policy written', async () => {
    const opened = await theatre.open('/');
    const { page } = opened;
    // Listening begins before the key is pressed: a dialog that opened sooner would not be told.
    page.on('filechooser', (chooser) => void chooser.setFiles(CLIP));
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('u');
    await page.getByRole('heading', { name: 'Uploads' }).waitFor();
    await tabTo(page, /^Choose files$/);
    await page.keyboard.press('Enter');
    await page.locator('[data-upload="done"]').waitFor();
    await tabTo(page, /^Open the title$/);
    await page.keyboard.press('Enter');
    await page.getByText('Published').first().waitFor({ timeout: 120_000 });
    await tabTo(page, /^Overview$/);
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tab', { name: 'Renditions', selected: true }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tab', { name: 'Captions and chapters', selected: true }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('form', { name: 'Policy' }).waitFor();
    await tabTo(page, /^Days offline/);
    await page.keyboard.press('Control+a');
    await page.keyboard.type('7');
    await tabTo(page, /^Save the policy$/);
    await page.keyboard.press('Enter');
    await page.getByText('The policy is in force now.').waitFor();
    const id = new URL(page.url()).pathname.split('/').at(-1);
    const written = (await (await theatre.server.call('GET', `/api/v1/titles/${id}/policy`)).json()) as {
      policy: { offline_days: number };
    };
    expect(written.policy.offline_days).toBe(7);
    await tabTo(page, /^Preview$/);
    await page.keyboard.press('Enter');
    await page.getByText(/Would (not )?play/).waitFor();
    await close(opened);
  });

  it('rows are walked through and opened', async () => {
    const opened = await theatre.open('/audit');
    const { page } = opened;
    await page.locator('[data-row="0"]').focus();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-row'));
    await page.keyboard.press('j');
    await expect.poll(focused).toBe('1');
    await page.keyboard.press('ArrowUp');
    await expect.poll(focused).toBe('0');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('MAC', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Check the log' }).click();
    await page.getByText('The log is whole').waitFor();
    await close(opened);
  });
});

describe('a role', () => {
  it('trims the navigation, and a page that is not for it says for whom it is', async () => {
    const person = { login: 'vera', name: 'Vera', roles: ['viewer'], password: 'correct horse battery' };
    await theatre.server.call('POST', '/api/v1/people', person);
    const opened = await theatre.open('/audit', { signedIn: false });
    const { page } = opened;
    await page.getByLabel('Name').fill('vera');
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByRole('textbox', { name: 'Password' }).fill(person.password);
    await page.keyboard.press('Enter');
    await page.getByText('You may not see this page').waitFor();
    const links = await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts();
    expect(links).toEqual(expect.arrayContaining(['Home', 'Library']));
    expect(links).not.toContain('Uploads');
    expect(links).not.toContain('Audit log');
    await close(opened);
  });
});

describe('the console', () => {
  it('speaks the language that is chosen, and remembers it with the scheme', async () => {
    const opened = await theatre.open('/library', { locale: 'de-DE' });
    const { page } = opened;
    await page.getByRole('heading', { name: 'Bibliothek' }).waitFor();
    await page.click('[aria-haspopup="menu"]');
    await page.getByRole('menuitemradio', { name: '한국어' }).click();
    await page.getByRole('heading', { name: '라이브러리' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: '라이브러리' }).waitFor();
    expect(await page.getAttribute('html', 'lang')).toBe('ko');
    await close(opened);
  });
});
