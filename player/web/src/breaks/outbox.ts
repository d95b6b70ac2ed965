/**
 * Events that are to be told. Each is kept in this browser from when it happened until the server answered that it has it:
 * over reloads, crashes and days without network.
 */

import { type Json, text } from '../net/api';
import { ask } from '../net/home';

/** One event, as it is told. */
export interface Told {
  readonly instance: string;
  readonly event: string;
  readonly media_ms: number;
  readonly at_ms: number;
  readonly code: number | null;
  readonly receipt: string | null;
}

/** Each event is a key of its own, so that two pages never overwrite each other's. */
const PREFIX = 'dms.ad.';
/** Events in one request at most: what the agent passes on for its page is bounded. */
const BATCH = 80;
/** Events kept at most; what comes on top of them is told at once or not at all. */
const MAX_KEPT = 2_000;
/** Older ones are not taken any more, ms. */
const MAX_AGE_MS = 30 * 86_400_000;
/** Events that come together are told together, ms. */
const GATHER_MS = 500;
/** Before another try, ms; doubled with each up to the last. */
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 300_000;

/** Where events are kept; what of {@link Storage} is used. */
export type Box = Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>;

/** What came of telling: the answers in the order of the events; null when there was no such answer. */
export type Teller = (events: readonly Told[], leaving: boolean) => Promise<readonly string[] | null>;

/** Tells the server. */
async function tellServer(events: readonly Told[], leaving: boolean): Promise<readonly string[] | null> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ events });
  const answer = await ask('/api/v1/ads/events', { method: 'POST', headers, body, keepalive: leaving });
  if (!answer.ok) return null;
  return readAnswers(await answer.json());
}

/** The word for each event, wherever the answer has its list. */
export function readAnswers(body: unknown): readonly string[] | null {
  const list = Array.isArray(body) ? body : Object.values((body ?? {}) as Json).find(Array.isArray);
  if (!Array.isArray(list)) return null;
  return list.map((one) => text(one) ?? text((one as Json | null)?.result) ?? text((one as Json | null)?.status) ?? '');
}

/** Keeps and tells. */
export class Outbox {
  readonly #box: Box | null;
  readonly #tell: Teller;
  /** Where nothing can be kept, it is at least told. */
  readonly #loose = new Map<string, Told>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #telling: Promise<void> | null = null;
  #failures = 0;

  constructor(box: Box | null, tell: Teller = tellServer) {
    this.#box = box;
    this.#tell = tell;
  }

  /** Keeps an event, and soon tells it. */
  add(event: Told): void {
    const key = `${PREFIX}${event.instance}.${event.event}.${event.at_ms}`;
    try {
      if (!this.#box || this.#keys().length >= MAX_KEPT) throw new Error('no room');
      this.#box.setItem(key, JSON.stringify(event));
    } catch {
      this.#loose.set(key, event);
    }
    this.#later(GATHER_MS);
  }

  /** How many are not told yet. */
  get left(): number {
    return this.#keys().length + this.#loose.size;
  }

  #keys(): string[] {
    const box = this.#box;
    if (!box) return [];
    const all = Array.from({ length: box.length }, (_, nth) => box.key(nth));
    return all.filter((key) => key?.startsWith(PREFIX)).map(String);
  }

  #read(key: string): Told | null {
    try {
      const event = JSON.parse(this.#box?.getItem(key) ?? '') as Told;
      return Date.now() - event.at_ms < MAX_AGE_MS ? event : null;
    } catch {
      return null;
    }
  }

  /** The next events, oldest first; what cannot be read or is too old goes. */
  #batch(): Map<string, Told> {
    const found: [string, Told][] = [...this.#loose];
    for (const key of this.#keys()) {
      const event = this.#read(key);
      if (event) found.push([key, event]);
      else this.#forget(key);
    }
    return new Map(found.sort(([, a], [, b]) => a.at_ms - b.at_ms).slice(0, BATCH));
  }

  #forget(key: string): void {
    this.#loose.delete(key);
    this.#box?.removeItem(key);
  }

  #later(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, ms);
  }

  /** Tells what there is, now. `leaving`: the page is being left. */
  flush(leaving = false): Promise<void> {
    // What was told while leaving is told again by the next page, if this one never heard the answer: it counts once.
    if (leaving) return this.#round(true);
    this.#telling ??= this.#round(false).finally(() => {
      this.#telling = null;
    });
    return this.#telling;
  }

  async #round(leaving: boolean): Promise<void> {
    for (;;) {
      const batch = this.#batch();
      if (batch.size === 0) return;
      const answers = await this.#tell([...batch.values()], leaving).catch(() => null);
      if (answers?.length !== batch.size) {
        this.#failures += 1;
        return this.#later(Math.min(RETRY_MS * 2 ** (this.#failures - 1), MAX_RETRY_MS));
      }
      this.#failures = 0;
      for (const key of batch.keys()) this.#forget(key);
    }
  }

  /** Tells when the network is back, and when the page is left. */
  watch(): this {
    addEventListener('online', () => void this.flush());
    addEventListener('pagehide', () => void this.flush(true));
    this.#later(GATHER_MS);
    return this;
  }
}

/** This browser's storage, where it has one. */
function storage(): Box | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

let shared: Outbox | null = null;

/** The page's outbox. What earlier pages left is told too. */
export function outbox(): Outbox {
  shared ??= new Outbox(storage()).watch();
  return shared;
}
