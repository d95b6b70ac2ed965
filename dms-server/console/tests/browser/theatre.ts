/** What the browser tests share: a server, a Chromium, and pages of the console opened on them. */

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { launchBrowser } from '../../../../player/web/dev/drive.mjs';
import { OPERATIONS } from '../../src/api/schema';
import { operationOf } from './operations';
import { Server } from './server';

/** A page, its context, and what it did that it may not. */
export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What its policy refused, and errors that nobody caught. */
  readonly violations: string[];
}

interface Look {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly locale?: string;
  /** Signed in as the owner; the default. */
  readonly signedIn?: boolean;
  /** Signed in with an account instead. */
  readonly as?: Account;
}

/** An account of a person. */
export interface Account {
  readonly login: string;
  readonly password: string;
}

export class Theatre {
  #server: Server | null = null;
  #browser: Browser | null = null;

  /** A theatre that opens before the tests of the file and closes after them. */
  static forThisFile(settings: string[] = []): Theatre {
    const theatre = new Theatre();
    beforeAll(async () => {
      theatre.#server = await Server.start(settings);
      theatre.#browser = await launchBrowser();
    });
    afterAll(async () => {
      await theatre.#browser?.close();
      await theatre.#server?.stop();
    });
    return theatre;
  }

  get server(): Server {
    if (!this.#server) throw new Error('the server is not up yet');
    return this.#server;
  }

  /** Makes an account with this role; it is called as it signs in. */
  async account(login: string, role: string): Promise<Account & { readonly id: string }> {
    const password = 'correct horse battery';
    const made = await this.server.call('POST', '/api/v1/people', { login, name: login, roles: [role], password });
    return { login, password, id: ((await made.json()) as { id: string }).id };
  }

  /** Somebody is in the middle of a title, and saved it. */
  async stands(person: Account, title: string): Promise<void> {
    const { login, password } = person;
    const entered = await fetch(`${this.server.url}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: this.server.url },
      body: JSON.stringify({ login, password }),
    });
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    const headers = { cookie, origin: this.server.url, 'content-type': 'application/json' };
    const act = async (method: string, path: string, body: unknown) => {
      const done = await fetch(this.server.url + path, { method, headers, body: JSON.stringify(body) });
      if (!done.ok) throw new Error(`${method} ${path}: ${done.status} ${await done.text()}`);
    };
    await act('PUT', `/api/v1/me/saved/${title}`, {});
    await act('PUT', `/api/v1/me/progress/${title}`, { seconds: 2 });
  }

  /** A page of the console in a fresh profile; `before` is done before it is loaded. */
  open(path: string, look: Look = {}, before?: (page: Page) => Promise<void>): Promise<Opened> {
    return this.openAt(`/console${path}`, look, before);
  }

  /** Any page of the server, the portal's too. */
  async openAt(path: string, look: Look = {}, before?: (page: Page) => Promise<void>): Promise<Opened> {
    if (!this.#browser) throw new Error('there is no browser yet');
    const { scheme = 'light', width = 1280, locale = 'en-GB', signedIn = true } = look;
    const context = await this.#browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
      reducedMotion: 'reduce',
      locale,
    });
    if (signedIn) {
      const data = look.as ? { login: look.as.login, password: look.as.password } : { token: this.server.token };
      await context.request.post(`${this.server.url}/session`, { data, headers: { origin: this.server.url } });
    }
    const page = await context.newPage();
    const violations: string[] = [];
    page.on('console', (message) => {
      if (/Content Security Policy|TrustedHTML/.test(message.text())) violations.push(message.text());
    });
    page.on('pageerror', (error) => violations.push(`uncaught: ${error}`));
    page.on('request', (request) => {
      // What plays, in a frame too, is the watch page, which has tests of its own.
      const plays = request.frame() !== page.mainFrame() || new URL(page.url()).pathname.startsWith('/watch/');
      if (plays || !request.url().startsWith('http')) return;
      const { origin, hostname, pathname } = new URL(request.url());
      // The agent of the PC has an API of its own, at an address of this PC.
      if (origin !== this.server.url && hostname === '127.0.0.1' && pathname.startsWith('/v1/')) return;
      const said = operationOf(request.method(), pathname, OPERATIONS);
      if (said === null || origin !== this.server.url) violations.push(`not in the API: ${request.method()} ${request.url()}`);
    });
    await before?.(page);
    await page.goto(`${this.server.url}${path}`);
    return { page, context, violations };
  }
}

/** Closes a page after checking that it ran within its policy, within the API, and without an uncaught error. */
export async function close({ context, violations }: Opened): Promise<void> {
  await context.close();
  expect(violations).toEqual([]);
}
