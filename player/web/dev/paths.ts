/**
 * Every way a browser can stand towards the agent on its PC: where the page is from, and what the permission for the
 * local network says. Tests ask for the rung that each comes to, `scripts/bench-paths` for the time it takes.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { PlayerState } from '../src/watch/state';
import { launchBrowser, waitForPlayer } from './drive.mjs';
import { type Stage, startStage } from './stage';

/** Where the page is from, as Chromium sees it; `agent page`: the agent serves it, to who came from a public portal. */
export type PageSpace = 'loopback' | 'intranet' | 'declared intranet' | 'public' | 'agent page';
/** What the permission says. */
export type Grant = 'policy' | 'granted' | 'prompt' | 'denied';

/** A way to stand, and what has to come of it. */
export interface Combination {
  readonly space: PageSpace;
  readonly grant: Grant;
  readonly path: 'agent' | 'origin';
  readonly offered: boolean;
  readonly reason: string;
}

function expected(space: PageSpace, grant: Grant): Omit<Combination, 'space' | 'grant'> {
  const agent = (reason: string) => ({ path: 'agent', offered: false, reason }) as const;
  // What stays on the PC no browser gates.
  if (space === 'loopback' || space === 'agent page') return agent('not_gated');
  if (grant === 'policy' || grant === 'granted') return agent('granted');
  if (grant === 'denied') return { path: 'origin', offered: false, reason: 'denied' };
  // Chromium does not gate an intranet's page, but reads "prompt": only who knows that it is one may try.
  if (space === 'declared intranet') return agent('not_gated');
  return { path: 'origin', offered: true, reason: 'ask_first' };
}

const SPACES: readonly PageSpace[] = ['loopback', 'intranet', 'declared intranet', 'public', 'agent page'];
const GRANTS: readonly Grant[] = ['policy', 'granted', 'prompt', 'denied'];

/** All of them. */
export const COMBINATIONS: readonly Combination[] = SPACES.flatMap((space) =>
  GRANTS.map((grant) => ({ space, grant, ...expected(space, grant) })),
);

/** What came of one. */
export interface Outcome {
  readonly state: PlayerState;
  /** From the navigation to the first picture, seconds. */
  readonly firstPictureS: number;
  /** Whether the browser asked, or would have: a headless one answers its own question with no. */
  readonly asked: boolean;
}

/** Where Chromium reads what a company prescribes. */
const POLICIES = '/etc/chromium/policies/managed';
/** The portal's name where it is no loopback address to the page: the browser is told where that is. */
const NAME = 'portal.test';

/** Stands at a stage in every way. */
export class Standpoints {
  readonly stage: Stage;
  readonly #browsers = new Map<string, Promise<Browser>>();
  readonly #policyFile: string;

  private constructor(stage: Stage) {
    this.stage = stage;
    this.#policyFile = `${POLICIES}/dms-paths-${this.#port}.json`;
  }

  static async open(): Promise<Standpoints> {
    const stage = await startStage({ clip: { seconds: 4, segmentSeconds: 1 } });
    const standpoints = new Standpoints(stage);
    stage.agent.portals.push(standpoints.#named);
    return standpoints;
  }

  get #port(): string {
    return new URL(this.stage.dms.url).port;
  }

  get #named(): string {
    return `http://${NAME}:${this.#port}`;
  }

  /**
   * Prescribes the permission, as a company does; why not, where it cannot: only the superuser may. The file names
   * this stage's own addresses only, so no other browser of the machine notices.
   */
  prescribe(): string | null {
    const origins = [this.#named, this.stage.dms.url];
    const text = JSON.stringify({
      LoopbackNetworkAllowedForUrls: origins,
      LocalNetworkAccessAllowedForUrls: origins,
    });
    try {
      mkdirSync(POLICIES, { recursive: true });
      writeFileSync(this.#policyFile, text);
      return null;
    } catch (error) {
      return `${POLICIES} cannot be written: ${error}`;
    }
  }

  #browser(space: PageSpace, policy: boolean): Promise<Browser> {
    const address = `127.0.0.1:${this.#port}`;
    const spaces = { loopback: '', intranet: 'local', 'declared intranet': 'local', public: 'public', 'agent page': 'public' }[space];
    const key = `${spaces} ${policy}`;
    const known = this.#browsers.get(key);
    if (known) return known;
    const args = [
      `--host-resolver-rules=MAP ${NAME} 127.0.0.1`,
      `--unsafely-treat-insecure-origin-as-secure=${this.#named}`,
      ...(spaces === '' ? [] : [`--ip-address-space-overrides=${address}=${spaces}`]),
    ];
    const browser = this.#launch(args, policy);
    this.#browsers.set(key, browser);
    return browser;
  }

  async #launch(chromiumArgs: string[], policy: boolean): Promise<Browser> {
    // A browser reads what is prescribed when it starts.
    if (!policy) rmSync(this.#policyFile, { force: true });
    else if (this.prescribe() !== null) throw new Error('the policy cannot be prescribed');
    return launchBrowser({ chromiumArgs });
  }

  /** Opens the watch page in this way and waits until it plays, on the rung that it comes to. */
  async stand(combination: Combination): Promise<Outcome> {
    const { space, grant } = combination;
    const browser = await this.#browser(space, grant === 'policy');
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    try {
      return await this.#play(context, combination);
    } finally {
      await context.close();
    }
  }

  async #play(context: BrowserContext, { space, grant }: Combination): Promise<Outcome> {
    const { dms, agent, title } = this.stage;
    const base = space === 'loopback' ? dms.url : this.#named;
    if (grant === 'granted') await context.grantPermissions(['local-network-access']);
    // Granting something else denies the rest.
    if (grant === 'denied') await context.grantPermissions(['geolocation']);
    await context.addCookies([{ name: 'dms_session', value: dms.newSession(), url: base }]);
    dms.faults.network = space === 'declared intranet' ? 'intranet' : 'auto';
    const page = await context.newPage();
    await page.addInitScript(() => {
      const first = () => {
        (globalThis as { firstPicture?: number }).firstPicture ??= performance.now();
      };
      document.addEventListener('playing', first, true);
    });
    const before = await permission(page);
    const served = `${agent.url}/watch/${title.id}?t=0#code=${dms.newCode()}`;
    await page.goto(space === 'agent page' ? served : `${base}/watch/${title.id}?agent=${agent.url}&t=0`);
    const state = await waitForPlayer(page, (s: PlayerState) => s.currentTime > 0);
    const ms = await firstPicture(page);
    const after = await permission(page);
    return { state, firstPictureS: ms / 1000, asked: before !== 'denied' && grant !== 'denied' && after === 'denied' };
  }

  async close(): Promise<void> {
    for (const browser of this.#browsers.values()) await (await browser).close();
    rmSync(this.#policyFile, { force: true });
    await this.stage.close();
  }
}

/** When the first picture was there, ms after the navigation: the event comes a moment after the time moves. */
async function firstPicture(page: Page): Promise<number> {
  for (let i = 0; i < 100; i++) {
    const ms = await page.evaluate(() => (globalThis as { firstPicture?: number }).firstPicture ?? null);
    if (ms !== null) return ms;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error('time moves, but nothing plays');
}

/** The permission as the page reads it; reading never asks. */
function permission(page: Page): Promise<string> {
  return page.evaluate(async () => {
    for (const name of ['loopback-network', 'local-network-access']) {
      try {
        return (await navigator.permissions.query({ name: name as PermissionName })).state;
      } catch {
        // Another name, then.
      }
    }
    return 'absent';
  });
}
