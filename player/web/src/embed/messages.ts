/**
 * What the page around an embedded player may say, and what it hears: the shape of player.js, strictly read. Pure.
 * What is none of it is passed over in silence: any page can send any message to a frame.
 */

/** The name that every message carries. */
export const CONTEXT = 'player.js';
/** The version of the shape. */
export const VERSION = '0.0.11';
/** What may be asked. */
export const METHODS = [
  'play',
  'pause',
  'getPaused',
  'getCurrentTime',
  'setCurrentTime',
  'getDuration',
  'addEventListener',
  'removeEventListener',
] as const;
/** What is told. */
export const EVENTS = ['ready', 'play', 'pause', 'ended', 'timeupdate', 'error'] as const;

/** A name of {@link METHODS}. */
export type Method = (typeof METHODS)[number];
/** A name of {@link EVENTS}. */
export type EventName = (typeof EVENTS)[number];

/** A message that was understood. */
export type Call =
  | { readonly method: 'play' | 'pause' }
  | { readonly method: 'getPaused' | 'getCurrentTime' | 'getDuration'; readonly listener: string | null }
  | { readonly method: 'setCurrentTime'; readonly seconds: number }
  | {
      readonly method: 'addEventListener' | 'removeEventListener';
      readonly event: EventName;
      readonly listener: string | null;
    };

/** The longest message that is read, characters. */
const MAX_MESSAGE = 2_000;
/** The longest name of a listener. */
const MAX_LISTENER = 200;

function object(data: unknown): Record<string, unknown> | null {
  let value = data;
  if (typeof data === 'string') {
    if (data.length > MAX_MESSAGE) return null;
    try {
      value = JSON.parse(data);
    } catch {
      return null;
    }
  }
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}

/** Reads a message; null when it is none of ours, or says something that makes no sense. */
export function readCall(data: unknown): Call | null {
  const message = object(data);
  if (message?.context !== CONTEXT) return null;
  const method = METHODS.find((name) => name === message.method);
  const named = message.listener;
  if (named !== undefined && named !== null && (typeof named !== 'string' || named.length > MAX_LISTENER)) return null;
  const listener = typeof named === 'string' ? named : null;
  switch (method) {
    case undefined:
      return null;
    case 'play':
    case 'pause':
      return { method };
    case 'setCurrentTime': {
      const seconds = message.value;
      return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? { method, seconds } : null;
    }
    case 'addEventListener':
    case 'removeEventListener': {
      const event = EVENTS.find((name) => name === message.value);
      return event === undefined ? null : { method, event, listener };
    }
    default:
      return { method, listener };
  }
}

/** An answer or an event, as it is sent. */
export function written(event: string, value: unknown, listener: string | null): string {
  const message: Record<string, unknown> = { context: CONTEXT, version: VERSION, event };
  if (value !== undefined) message.value = value;
  if (listener !== null) message.listener = listener;
  return JSON.stringify(message);
}

/** Listeners that one page has at most. */
export const MAX_LISTENERS = 64;

/** Who listens to what: an event, and the name that the page gave its listener, if any. */
export class Listeners {
  readonly #all: { readonly event: EventName; readonly listener: string | null }[] = [];

  add(event: EventName, listener: string | null): void {
    const known = this.#all.some((one) => one.event === event && one.listener === listener);
    if (!known && this.#all.length < MAX_LISTENERS) this.#all.push({ event, listener });
  }

  /** Without a name all listeners of the event go. */
  remove(event: EventName, listener: string | null): void {
    for (let i = this.#all.length - 1; i >= 0; i--) {
      const one = this.#all[i];
      if (one?.event === event && (listener === null || one.listener === listener)) this.#all.splice(i, 1);
    }
  }

  /** The names that an event goes to. */
  of(event: EventName): (string | null)[] {
    return this.#all.filter((one) => one.event === event).map(({ listener }) => listener);
  }
}
