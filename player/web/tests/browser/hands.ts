/** Hands on a page that use the keyboard alone. */

import type { Page } from 'playwright-core';

/** Steps of Tab after which a thing counts as out of reach. */
const TABS_MAX = 80;

/** Whether the first thing of this kind has the focus, and how it and its neighbours are drawn. */
function seen(element: Element): { focused: boolean; look: string } {
  const around = [element, element.parentElement, element.previousElementSibling, element.nextElementSibling];
  const drawn = around.map((one) => {
    if (!one) return '';
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor } = getComputedStyle(one);
    return `${outlineStyle === 'none' ? 'none' : `${outlineWidth} ${outlineColor}`} / ${boxShadow} / ${borderColor}`;
  });
  return { focused: element === document.activeElement, look: drawn.join('\n') };
}

/** Goes to a thing by Tab; fails when the keyboard does not reach it, or when nothing shows that it is there. */
export async function reach(page: Page, selector: string): Promise<void> {
  await page.waitForSelector(selector);
  let before: string | null = null;
  for (let step = 0; step < TABS_MAX; step++) {
    const { focused, look } = await page.$eval(selector, seen);
    if (focused && before !== null) {
      if (look === before) throw new Error(`no ring is seen at ${selector}`);
      return;
    }
    // Where the focus is from the start, it goes away and comes back.
    await page.keyboard.press(focused ? 'Shift+Tab' : 'Tab');
    if (!focused) before = look;
  }
  throw new Error(`Tab does not reach ${selector}`);
}

/** Goes to a thing and presses it. */
export async function press(page: Page, selector: string): Promise<void> {
  await reach(page, selector);
  await page.keyboard.press('Enter');
}

/** Writes into a field, in place of what stands there. */
export async function write(page: Page, selector: string, text: string): Promise<void> {
  await reach(page, selector);
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
}

/** Chooses by the arrows from a list that the browser draws. */
export async function choose(page: Page, selector: string, value: string): Promise<void> {
  await reach(page, selector);
  const options = await page.$eval(selector, (list) => (list as HTMLSelectElement).options.length);
  await page.keyboard.press('Home');
  for (let step = 0; step < options; step++) {
    if ((await page.$eval(selector, (list) => (list as HTMLSelectElement).value)) === value) return;
    await page.keyboard.press('ArrowDown');
  }
  throw new Error(`no arrow leads to ${value} in ${selector}`);
}
