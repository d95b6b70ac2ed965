/** What the browser tests share: a stage, a Chromium, and pages opened on them. */

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { launchBrowser, signIn } from '../../dev/drive.mjs';
import { type Stage, startStage } from '../../dev/stage';

/** Nothing listens here: port 9 of loopback is "discard", and unused. */
export const NO_AGENT = 'http://127.0.0.1:9';

/** A page, its context, and what its policy refused. */
export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly violations: string[];
}

/** A stage and browsers on it, ended after the tests of a file. */
export class Theatre {
  #stage: Stage | null = null;
  readonly #browsers = new Map<string, Promise<Browser>>();

  /** A theatre that opens before the tests of the file and closes after them; `dist` makes pages of its own. */
  static forThisFile(dist?: () => Promise<string>): Theatre {
    const theatre = new Theatre();
    beforeAll(async () => {
      const clip = { seconds: 4, segmentSeconds: 1 };
      theatre.#stage = await startStage(dist ? { clip, dist: await dist() } : { clip });
    });
    afterAll(async () => {
      for (const browser of theatre.#browsers.values()) await (await browser).close();
      await theatre.#stage?.close();
    });
    return theatre;
  }

  get stage(): Stage {
    if (!this.#stage) throw new Error('the stage is not up yet');
    return this.#stage;
  }

  /** A Chromium with these flags besides the quiet ones. */
  browser(chromiumArgs: string[] = []): Promise<Browser> {
    const key = chromiumArgs.join(' ');
    const known = this.#browsers.get(key) ?? launchBrowser({ chromiumArgs });
    this.#browsers.set(key, known);
    return known;
  }

  /** A Chromium that takes the portal for a page of the public network. */
  publicBrowser(): Promise<Browser> {
    const { port } = new URL(this.stage.dms.url);
    return this.browser([`--ip-address-space-overrides=127.0.0.1:${port}=public`]);
  }

  /** A page at `url` in a fresh profile, signed in. */
  async open(url: string, given?: Browser, permissions?: string[]): Promise<Opened> {
    const browser = given ?? (await this.browser());
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    if (permissions) await context.grantPermissions(permissions);
    const page = await context.newPage();
    const violations: string[] = [];
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) violations.push(message.text());
    });
    page.on('pageerror', (error) => violations.push(`uncaught: ${error}`));
    await page.goto(url);
    await signIn(page, this.stage.dms.token);
    return { page, context, violations };
  }
}

/** Closes a page after checking that it ran within its policy and without an uncaught error. */
export async function close({ context, violations }: Opened): Promise<void> {
  await context.close();
  expect(violations).toEqual([]);
}
