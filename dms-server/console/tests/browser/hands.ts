/** Hands on a page: the keyboard alone, and what a wrong input says. */

import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

type Role = Parameters<Page['getByRole']>[0];

/** Steps of Tab after which a thing counts as out of reach. */
const TABS_MAX = 120;

/** Steps of an arrow after which it does. */
const ARROWS_MAX = 30;

/** Whether a thing has the focus, and how it and what stands around it are drawn: a neighbour may draw the ring. */
function seen(element: Element): { focused: boolean; look: string; where: string } {
  const around = [element, element.parentElement, element.parentElement?.parentElement];
  around.push(element.previousElementSibling, element.nextElementSibling);
  const drawn = around.map((one) => {
    if (!one) return '';
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor } = getComputedStyle(one);
    const outline = outlineStyle === 'none' || outlineWidth === '0px' ? 'none' : `${outlineWidth} ${outlineColor}`;
    return `${outline} / ${boxShadow} / ${borderColor}`;
  });
  const active = element.ownerDocument.activeElement as HTMLElement | null;
  const where = `${active?.tagName} ${active?.getAttribute('aria-label') ?? active?.innerText?.slice(0, 30) ?? ''}`.trim();
  return { focused: element === active, look: drawn.join('\n'), where };
}

/** The thing with this role and name; a page within the page has its things, too. */
function thing(page: Pick<Page, 'getByRole'>, role: Role, name: string | RegExp): Locator {
  return page.getByRole(role, { name, ...(typeof name === 'string' && { exact: true }) }).first();
}

/**
 * Moves the focus by Tab to the thing with this role and name; fails when the keyboard does not reach it, or when it looks
 * there as it looked without the focus. `within`: the frame that it is in.
 */
export async function tabTo(
  page: Page,
  role: Role,
  name: string | RegExp,
  within: Pick<Page, 'getByRole'> = page,
): Promise<void> {
  const wanted = thing(within, role, name);
  // A control may draw itself in place of its input, which is there and has the focus all the same.
  await wanted.waitFor({ state: 'attached' });
  let before: string | null = null;
  const way: string[] = [];
  for (let step = 0; step < TABS_MAX; step++) {
    const { focused, look, where } = await wanted.evaluate(seen);
    way.push(where);
    if (focused && before !== null) {
      const here = async () => (await wanted.evaluate(seen)).look;
      await expect.poll(here, { message: `no ring is seen at ${role} ${name}` }).not.toBe(before);
      return;
    }
    // Where the focus is from the start, it goes away and comes back.
    await page.keyboard.press(focused ? 'Shift+Tab' : 'Tab');
    if (!focused) before = look;
  }
  throw new Error(`Tab does not reach ${role} ${name}, but goes: ${way.slice(0, 20).join(' > ')}`);
}

/** Goes to a thing by Tab and presses a key there. */
export async function press(
  page: Page,
  role: Role,
  name: string | RegExp,
  { key = 'Enter', within }: { readonly key?: string; readonly within?: Pick<Page, 'getByRole'> } = {},
): Promise<void> {
  await tabTo(page, role, name, within);
  await page.keyboard.press(key);
}

/** Writes into a field, in place of what stands there. */
export async function write(page: Page, name: string | RegExp, text: string, role: Role = 'textbox'): Promise<void> {
  await tabTo(page, role, name);
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
}

/** Chooses one of a group of buttons that are one step of Tab, as a person who hears them named does. */
export async function pick(page: Page, first: string, wanted: string, key = 'ArrowDown'): Promise<void> {
  await tabTo(page, 'radio', first);
  const radio = thing(page, 'radio', wanted);
  for (let step = 0; step < ARROWS_MAX; step++) {
    if (await radio.isChecked()) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not lead to ${wanted}`);
}

/** Moves by an arrow among things that are one step of Tab, such as tabs or items of a menu, to the one called so. */
export async function arrowTo(page: Page, name: string | RegExp, key = 'ArrowDown'): Promise<void> {
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText?.trim() ?? '');
  const is = (text: string) => (typeof name === 'string' ? text === name : name.test(text));
  for (let step = 0; step < ARROWS_MAX; step++) {
    if (is(await focused())) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not lead to ${name}, but to ${await focused()}`);
}

/** Chooses from the list that a field opens. */
export async function choose(page: Page, field: string, option: string, role: Role = 'combobox'): Promise<void> {
  await tabTo(page, role, field);
  const options = page.getByRole('option');
  if ((await options.count()) === 0) await page.keyboard.press('ArrowDown');
  await options.first().waitFor();
  const marked = page.locator('[role=option][data-combobox-selected]');
  const current = async () => ((await marked.count()) > 0 ? (await marked.first().innerText()).trim() : '');
  for (let step = 0; step < ARROWS_MAX; step++) {
    if ((await current()) === option) {
      await page.keyboard.press('Enter');
      if ((await options.count()) > 0) await page.keyboard.press('Escape');
      return;
    }
    await page.keyboard.press('ArrowDown');
  }
  throw new Error(`no arrow leads to ${option} of ${field}, but to ${await current()}`);
}

/** Chooses a file in the dialog that a button opens. */
export async function give(page: Page, button: string | RegExp, files: string | string[]): Promise<void> {
  await tabTo(page, 'button', button);
  const opened = page.waitForEvent('filechooser');
  // The browser has been told to hand over its dialog when it answers something else.
  await page.title();
  await page.keyboard.press('Enter');
  await (await opened).setFiles(files);
}

/**
 * Types a moment of a morning into a field for one. Day and month are the same number, since in which order they stand is the
 * browser's own language, whatever the page's is; so is whether it asks for AM.
 */
export async function moment(page: Page, name: string, dayAndMonth: string, year: string, time: string): Promise<void> {
  await tabTo(page, 'textbox', name);
  // However it was reached, from its first part on.
  for (let part = 0; part < 6; part++) await page.keyboard.press('ArrowLeft');
  await page.keyboard.type(`${dayAndMonth}${dayAndMonth}${year}`);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.type(`${time.replace(':', '')}a`);
}

/** The input is called wrong, with this code and what to do about it. */
export async function isWrong(input: Locator, code: string, fix: string): Promise<void> {
  const said = () =>
    input.evaluate((element) => {
      const ids = element.getAttribute('aria-describedby')?.split(' ') ?? [];
      const texts = ids.map((id) => document.getElementById(id)?.innerText);
      return `${element.getAttribute('aria-invalid')}: ${texts.join(' ')}`;
    });
  await expect.poll(said).toMatch(/^true: /);
  await expect.poll(said).toContain(code);
  await expect.poll(said).toContain(fix);
}
