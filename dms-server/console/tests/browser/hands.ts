/** Hands on a page: the keyboard alone, and what a wrong input says. */

import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** Steps of Tab after which a thing counts as out of reach. */
const TABS_MAX = 120;

/** Moves the focus by Tab to the thing with this role and name; fails when the keyboard does not reach it. */
export async function tabTo(page: Page, role: Parameters<Page['getByRole']>[0], name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name, ...(typeof name === 'string' && { exact: true }) }).first();
  await wanted.waitFor();
  for (let step = 0; step < TABS_MAX; step++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${role} ${name}`);
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
