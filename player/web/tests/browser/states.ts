/** What somebody may see of the pages, and how to get there: for tests that look at all of it. */

import type { Page } from 'playwright-core';
import { waitForPlayer } from '../../dev/drive.mjs';
import { NO_AGENT, type Theatre } from './theatre';

/** A state of a page. */
export interface State {
  readonly name: string;
  readonly path: () => string;
  readonly signedIn: boolean;
  readonly reach: (page: Page) => Promise<unknown>;
}

/** The states of the pages on the theatre's stage. */
export function statesOf(theatre: Theatre): State[] {
  const watch = (query = '') => `/watch/${theatre.stage.title.id}?agent=${NO_AGENT}${query}`;
  const playing = (page: Page) => waitForPlayer(page, (s) => s.currentTime > 0.3);

  return [
    { name: 'watch, signed out', path: watch, signedIn: false, reach: (p) => p.waitForSelector('#login') },
    { name: 'watch, playing', path: watch, signedIn: true, reach: playing },
    {
      name: 'watch, with everything open',
      path: () => watch('&portal=public'),
      signedIn: true,
      async reach(page) {
        await playing(page);
        await page.keyboard.press('k');
        await page.keyboard.press('t');
        await page.waitForSelector('.line');
        await page.click('#why-button');
        await page.focus('#stage');
        await page.keyboard.press('s');
        await page.click('#settings-button');
      },
    },
    {
      name: 'watch, list of keys',
      path: watch,
      signedIn: true,
      async reach(page) {
        await playing(page);
        await page.keyboard.press('?');
      },
    },
    {
      name: 'watch, error',
      path: () => '/watch/no-title',
      signedIn: true,
      reach: (p) => p.waitForSelector('.card--error'),
    },
    {
      name: 'watch, not shared with this person',
      path: () => '/watch/00000000-0000-4000-8000-000000000000',
      signedIn: true,
      reach: (p) => p.waitForSelector('.ask__form'),
    },
    {
      name: 'watch, not open yet',
      path: () => {
        const { dms } = theatre.stage;
        dms.faults.denied = 'not_yet';
        dms.portal.access = { seen: true, opens_ms: Date.now() + 200_000_000, owner: 'Pia' };
        return watch();
      },
      signedIn: true,
      async reach(page) {
        await page.waitForSelector('.countdown');
        Object.assign(theatre.stage.dms.faults, { denied: null });
        theatre.stage.dms.portal.access = {};
      },
    },
    {
      name: 'watch, what is next',
      path: () => watch('&t=3'),
      signedIn: true,
      reach: (p) => p.waitForSelector('.card--next'),
    },
    {
      name: 'embed, playing',
      path: () => `/embed/${theatre.stage.title.id}?agent=${NO_AGENT}`,
      signedIn: true,
      reach: playing,
    },
    {
      name: 'watch, being prepared',
      path: () => `/watch/${theatre.stage.dms.addRow('Soon', { state: 'transcoding', progress_percent: 9 }).id}`,
      signedIn: true,
      reach: (p) => p.waitForSelector('.card--preparing'),
    },
  ];
}

/** The states of the same page as the agent of the PC serves it. */
export function servedStatesOf(theatre: Theatre): State[] {
  const page = () => `${theatre.stage.agent.url}/watch/${theatre.stage.title.id}`;
  return [
    {
      name: 'the agent’s own page, playing',
      path: () => `${page()}#code=${theatre.stage.dms.newCode()}`,
      signedIn: false,
      reach: (p) => waitForPlayer(p, (s) => s.currentTime > 0.3),
    },
    {
      name: 'the agent’s own page, its session over',
      path: page,
      signedIn: false,
      reach: (p) => p.waitForSelector('#back'),
    },
  ];
}
