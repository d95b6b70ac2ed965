/** The library page: signs in, shows the titles and the sites, takes uploads. */

import * as api from '../net/api';
import { PageError, explain, toPageError } from '../errors';
import { errorCard } from '../ui/cards';
import { approveCard } from '../ui/approve';
import { codeCard, codesCard, signInCard } from '../ui/sign-in';
import { byId } from '../ui/dom';
import { Grid } from './grid';
import { Sites } from './sites';
import { UploadArea } from './upload';

/** Between two looks at the server, ms: while something is being prepared, and else. */
const BUSY_MS = 2_000;
const IDLE_MS = 10_000;

class LibraryPage {
  readonly #gate = byId('gate');
  readonly #signedIn = byId('signed-in');
  readonly #grid = new Grid(byId('grid'), byId('empty'), byId('count'), (title) => {
    void this.#remove(title);
  });
  readonly #sites = new Sites(byId('sites'));
  #uploads: UploadArea | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #seenAt = 0;

  constructor() {
    byId('sign-out').addEventListener('click', () => void this.#signOut());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.#uploads) void this.#refresh();
    });
  }

  async run(): Promise<void> {
    try {
      const session = await api.session();
      if (!session) return this.#askToSignIn();
      if (session.codesNeeded) return this.#setUpCodes();
      if (session.codeNeeded) return this.#giveCode();
      if (location.pathname === '/device') return this.#letIn(session);
      this.#enter(session);
      await this.#refresh();
    } catch (error) {
      this.#cover(errorCard(toPageError(error), { retry: () => void this.run() }));
    }
  }

  #enter(session: api.Session): void {
    this.#gate.hidden = true;
    this.#signedIn.hidden = false;
    byId('sign-out').hidden = false;
    byId('who').textContent = session.subject;
    const publisher = session.may.includes('publish');
    this.#grid.publisher = publisher;
    byId('drop').hidden = !publisher;
    if (publisher) this.#uploads ??= new UploadArea(byId('drop'), () => void this.#refresh());
  }

  #askToSignIn(): void {
    const why =
      location.pathname === '/device'
        ? 'A command line asks to act for you. Sign in first.'
        : 'Videos of your company, delivered from the PC next to you.';
    this.#cover(signInCard(why, () => void this.run()));
    byId('login').focus();
  }

  #letIn(session: api.Session): void {
    const code = new URLSearchParams(location.search).get('code') ?? '';
    this.#cover(approveCard(session.subject, code));
    byId('sign-out').hidden = false;
    byId('who').textContent = session.subject;
    this.#gate.querySelector<HTMLElement>('input, button')?.focus();
  }

  #setUpCodes(): void {
    this.#cover(codesCard(() => void this.#signOut()));
    byId('code').focus();
  }

  #giveCode(): void {
    this.#cover(codeCard(() => void this.run()));
    byId('code').focus();
  }

  async #signOut(): Promise<void> {
    try {
      await api.signOut();
    } catch {
      // The session may have ended by itself; the form is right either way.
    }
    this.#askToSignIn();
  }

  #cover(content: HTMLElement): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#signedIn.hidden = true;
    byId('sign-out').hidden = true;
    byId('who').textContent = '';
    this.#gate.replaceChildren(content);
    this.#gate.hidden = false;
  }

  async #refresh(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    let wait = IDLE_MS;
    try {
      const [titles, sites] = await Promise.all([api.titles(), api.sites().catch(tolerate)]);
      this.#grid.show(titles);
      if (sites) this.#sites.show(sites);
      if (this.#grid.busy) wait = BUSY_MS;
      this.#seenAt = Date.now();
      this.#stale(null);
    } catch (thrown) {
      const error = toPageError(thrown);
      if (error.code === 'signed_out') return this.#askToSignIn();
      this.#stale(error);
    }
    if (!document.hidden && this.#timer === null) {
      this.#timer = setTimeout(() => void this.#refresh(), wait);
    }
  }

  async #remove(title: api.Title): Promise<void> {
    try {
      await api.deleteTitle(title.id);
    } catch (error) {
      return this.#stale(toPageError(error));
    }
    await this.#refresh();
  }

  /** Old numbers are shown as old, never as live. */
  #stale(error: PageError | null): void {
    const line = byId('stale');
    line.hidden = error === null;
    if (!error) return;
    const age = Math.round((Date.now() - this.#seenAt) / 1000);
    const since = this.#seenAt > 0 ? ` What you see is ${age} s old.` : '';
    line.textContent = `${explain(error.code).title}.${since} Trying again.`;
  }
}

/** Sites are an extra of the page: without the right to see them the rest still works. */
function tolerate(error: unknown): null {
  if (error instanceof PageError && error.code !== 'signed_out') return null;
  throw error;
}

void new LibraryPage().run();
