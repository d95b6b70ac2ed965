/** Decides about the one stream of the page: when it is open, when it is tried again. */

import { EVENTS, type EventName } from './effects';

/** After a stream that the server refused, ms: doubled each time, up to the last. */
const RETRY_MS = 2_000;
const RETRY_MAX_MS = 60_000;

/** What an `EventSource` is to us, so that a test needs none. */
export interface Source {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

/** `EventSource.CLOSED`: it does not try again by itself. */
const CLOSED = 2;

export interface Wiring {
  readonly open: () => Source;
  /** An event came. */
  readonly told: (name: EventName, data: unknown) => void;
  /** It stands differently than before. */
  readonly turned: (standing: Standing) => void;
}

/** `starting`: there is no stream yet, and none was lost. */
export type Standing = 'starting' | 'live' | 'lost';

export class Connection {
  readonly #wiring: Wiring;
  #source: Source | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #tries = 0;
  #standing: Standing = 'starting';
  /** Whether a stream was there before: what happened since its end was told to nobody. */
  #hadOne = false;

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
  }

  get standing(): Standing {
    return this.#standing;
  }

  start(): void {
    if (this.#source !== null || this.#retry !== null) return;
    const source = this.#wiring.open();
    this.#source = source;
    const fresh = this.#hadOne;
    let greeted = false;
    for (const name of EVENTS) {
      source.addEventListener(name, ({ data }) => {
        if (this.#source !== source) return;
        if (name === 'hello') {
          this.#tries = 0;
          // A new stream cannot say what the last one had; the browser's own retry can, and the server tells the rest.
          if (fresh && !greeted) this.#wiring.told('missed', {});
          greeted = true;
          this.#hadOne = true;
          this.#turn('live');
          return;
        }
        const read = parsed(data);
        if (read !== null) this.#wiring.told(name, read);
      });
    }
    source.addEventListener('error', () => {
      if (this.#source !== source) return;
      this.#turn('lost');
      if (source.readyState !== CLOSED) return;
      this.#source = null;
      const wait = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** this.#tries);
      this.#tries += 1;
      this.#retry = setTimeout(() => {
        this.#retry = null;
        this.start();
      }, wait);
    });
  }

  stop(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#source?.close();
    this.#source = null;
    this.#turn('starting');
  }

  #turn(standing: Standing): void {
    if (this.#standing === standing) return;
    this.#standing = standing;
    this.#wiring.turned(standing);
  }
}

function parsed(data: unknown): object | null {
  try {
    const read: unknown = JSON.parse(String(data));
    return typeof read === 'object' && read !== null ? read : null;
  } catch {
    return null;
  }
}
