/** The breaks of the development server: what docs/ADS.md says of lists and events. Tests only. */

import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type Exchange, readJson, sendJson, sendProblem } from './http';
import type { SealedTitle } from './title';

/** A break of the development server, and what fills it. */
export interface DevBreak {
  readonly id: number;
  readonly atMs: number;
  readonly cue?: 'PRE' | 'POST';
  readonly resumeMs?: number;
  readonly hold?: boolean;
  /** Filled with these, in this order. */
  readonly ads: readonly DevAd[];
  /** How long the list takes, ms. */
  readonly delayMs?: number;
  /** In place of the list. */
  readonly broken?: boolean;
}

/** One ad. */
export interface DevAd {
  /** The creative; an id alone is of a title that is not there. */
  readonly creative: SealedTitle | string;
  readonly name?: string;
  readonly skipAfterMs?: number;
  readonly mustSee?: boolean;
  readonly click?: string;
  readonly why?: { readonly kind: string; readonly text: string };
}

/** An event as it came. */
export interface DevEvent {
  readonly instance: string;
  readonly event: string;
  readonly media_ms: number;
  readonly code: number | null;
}

export class DevAds {
  readonly #breaks = new Map<string, readonly DevBreak[]>();
  readonly #lists = new Map<string, unknown>();
  /** Events in the order in which they came first. */
  readonly events: DevEvent[] = [];
  /** Requests with events, told twice or not. */
  tellings = 0;
  /** Events are not taken. */
  down = false;

  /** Gives a title its breaks. */
  place(title: string, breaks: readonly DevBreak[]): void {
    this.#breaks.set(title, breaks);
    this.#lists.clear();
    this.events.length = 0;
  }

  /** The date ranges of a title's media playlists. */
  ranges(title: string): string[] {
    return (this.#breaks.get(title) ?? []).map(({ id, atMs, cue, resumeMs = 0, hold }) => {
      const start = new Date(atMs).toISOString();
      const list = `../../../../api/v1/titles/${title}/breaks/${id}/assets`;
      const parts = [
        `ID="break-${id}",CLASS="com.apple.hls.interstitial",START-DATE="${start}"`,
        `X-ASSET-LIST="${list}",X-RESUME-OFFSET=${(resumeMs / 1000).toFixed(3)}`,
        `CUE="${cue ? `${cue},` : ''}ONCE"`,
        ...(hold ? ['X-RESTRICT="SKIP,JUMP"'] : []),
      ];
      return `#EXT-X-DATERANGE:${parts.join(',')}`;
    });
  }

  /** Answers what is of ads; false: it is not. */
  async answer(exchange: Exchange): Promise<boolean> {
    const { pathname, searchParams } = exchange.url;
    if (pathname === '/api/v1/ads/events') {
      await this.#take(exchange);
      return true;
    }
    const asked = /^\/api\/v1\/titles\/([^/]+)\/breaks\/(\d+)\/assets$/.exec(pathname);
    if (!asked) return false;
    const found = this.#breaks.get(asked[1] ?? '')?.find(({ id }) => id === Number(asked[2]));
    if (!found) {
      sendProblem(exchange, 404, 'break_not_found', pathname);
      return true;
    }
    if (found.delayMs) await wait(found.delayMs);
    const key = `${searchParams.get('session')} ${pathname}`;
    const list = this.#lists.get(key) ?? this.#list(found);
    this.#lists.set(key, list);
    sendJson(exchange, 200, found.broken ? { ASSETS: 'none' } : list);
    return true;
  }

  #list({ id, ads, hold = false, resumeMs = 0 }: DevBreak): unknown {
    const assets = ads.map(({ creative, name = 'An ad', skipAfterMs, mustSee = false, click, why }) => {
      const [title, seconds] = typeof creative === 'string' ? [creative, 4] : [creative.id, creative.clip.seconds];
      return {
        URI: `/hls/${title}/master.m3u8`,
        DURATION: seconds,
        'X-DMS': {
          ...{ instance: randomUUID(), title, name, report: 'server', must_see: mustSee },
          ...{ skip_after_ms: skipAfterMs ?? null, click: click ?? null },
          why: why ?? { kind: 'campaign', text: 'For everybody at Lyon until 3 December' },
        },
      };
    });
    return { ASSETS: assets, 'X-DMS': { decision: randomUUID(), break: id, hold, resume_ms: resumeMs } };
  }

  async #take(exchange: Exchange): Promise<void> {
    this.tellings += 1;
    const { events } = await readJson(exchange.request);
    if (this.down) return sendProblem(exchange, 503, 'unavailable', 'away');
    const results = (events as DevEvent[]).map((event) => {
      const known = this.events.some((one) => one.instance === event.instance && one.event === event.event);
      if (!known) this.events.push(event);
      return known ? 'known' : 'counted';
    });
    sendJson(exchange, 200, { results });
  }
}
