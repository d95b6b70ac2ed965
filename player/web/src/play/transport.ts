/**
 * Fetches what hangs in a title's HLS tree, by the path in use. This is the one place that retries:
 * an agent that fails is passed by at once, the origin is asked a few times.
 */

import { codeOf, problem } from '../net/api';
import { type Agent, AgentError } from '../net/agent';
import { type SourceBytes, noBytes, parseSource } from '../net/sources';
import { PageError } from '../errors';
import type { Bytes } from '../secure/bytes';
import type { PathName, Route } from './route';

/** What came back. */
export interface Fetched {
  readonly body: Bytes;
  readonly path: PathName;
  readonly source: SourceBytes;
}

/** How a request is going, for the engine's estimate of the bandwidth. */
export interface Progress {
  /** The first byte of the attempt that counts, `performance.now()`. */
  first(at: number): void;
  loaded(bytes: number, total: number): void;
}

/** How often the origin is asked for one thing. */
const ORIGIN_ATTEMPTS = 5;
const ORIGIN_FIRST_BYTE_MS = 10_000;
const ORIGIN_BODY_MS = 60_000;
/** Before the second attempt; doubled before each further one. */
const RETRY_DELAY_MS = 400;
/** An agent may wait for a neighbour or for its own origin fetch, but not for ever. */
const AGENT_FIRST_BYTE_MIN_MS = 6_000;
const AGENT_FIRST_BYTE_MAX_MS = 30_000;
/** What is left of the buffer when the origin has to be asked instead of the agent, ms. */
const RESERVE_MS = 3_000;
const AGENT_BODY_MS = 30_000;

/** The tree of one title, wherever it is read from. */
export class Transport {
  readonly #title: string;
  readonly #route: Route;
  readonly #bufferedMs: () => number;

  /** `bufferedMs` says how long playback can go on without new data. */
  constructor(title: string, route: Route, bufferedMs: () => number) {
    this.#title = title;
    this.#route = route;
    this.#bufferedMs = bufferedMs;
  }

  /** The address hls.js is given: only its path below the title matters. */
  get masterUrl(): string {
    return new URL(`/hls/${this.#title}/master.m3u8`, location.href).href;
  }

  /** The part of `url` below the title's tree. Throws for an address outside of it. */
  inTree(url: string): string {
    const { origin, pathname } = new URL(url);
    const root = `/hls/${this.#title}/`;
    if (origin !== location.origin || !pathname.startsWith(root)) {
      throw new PageError('unexpected', `the playlist points out of the title's tree: ${url}`);
    }
    return pathname.slice(root.length);
  }

  /** Fetches `rel` by the path in use, else from the origin. Throws {@link PageError}. */
  async get(rel: string, signal: AbortSignal, progress: Progress): Promise<Fetched> {
    const agent = this.#route.agent;
    if (agent && !agent.serves) {
      try {
        const fetched = await this.#fromAgent(agent, rel, signal, progress);
        this.#route.agentDelivered();
        return fetched;
      } catch (error) {
        if (signal.aborted) throw error;
        this.#route.agentFailed(agent, error instanceof AgentError && error.status === 0);
      }
    }
    return this.fromOrigin(rel, signal, progress);
  }

  async #fromAgent(
    agent: Agent,
    rel: string,
    signal: AbortSignal,
    progress: Progress,
  ): Promise<Fetched> {
    const patience = Math.min(
      Math.max(this.#bufferedMs() - RESERVE_MS, AGENT_FIRST_BYTE_MIN_MS),
      AGENT_FIRST_BYTE_MAX_MS,
    );
    const path = `/v1/hls/${this.#title}/${rel}`;
    const attempt = new Attempt(signal, patience, AGENT_BODY_MS);
    return attempt.run(async (attemptSignal) => {
      const response = await agent.fetch(path, { signal: attemptSignal });
      if (!response.ok) {
        await response.body?.cancel();
        throw new AgentError(response.status, `the agent answered ${response.status} for ${rel}`);
      }
      const body = await attempt.read(response, progress);
      const source = parseSource(response.headers.get('dms-source'), body.length);
      return { body, path: 'agent', source };
    });
  }

  /**
   * Fetches `rel` from the origin, whatever the path in use; where an agent serves the page, that is the page's
   * origin. Throws {@link PageError}.
   */
  async fromOrigin(rel: string, signal: AbortSignal, progress: Progress): Promise<Fetched> {
    let failure: PageError | null = null;
    for (let attempt = 0; attempt < ORIGIN_ATTEMPTS; attempt++) {
      if (attempt > 0) await pause(RETRY_DELAY_MS * 2 ** (attempt - 1), signal);
      try {
        return await this.#originOnce(rel, signal, progress);
      } catch (error) {
        if (signal.aborted) throw error;
        failure = asPageError(error, rel);
        if (!worthRetrying(failure)) throw failure;
      }
    }
    throw failure ?? new PageError('origin_unreachable', rel);
  }

  async #originOnce(rel: string, signal: AbortSignal, progress: Progress): Promise<Fetched> {
    const agent = this.#route.agent;
    if (agent?.serves) return this.#fromAgent(agent, rel, signal, progress);
    const path = `/hls/${this.#title}/${rel}`;
    const attempt = new Attempt(signal, ORIGIN_FIRST_BYTE_MS, ORIGIN_BODY_MS);
    return attempt.run(async (attemptSignal) => {
      const response = await fetch(path, { credentials: 'same-origin', signal: attemptSignal });
      if (!response.ok) {
        const { message, requestId } = await problem(response, path);
        const missing = response.status === 404 || response.status === 410;
        const code = missing ? 'segment_missing' : codeOf(response.status, null);
        throw new PageError(code, message, requestId);
      }
      const body = await attempt.read(response, progress);
      return { body, path: 'origin', source: { ...noBytes(), origin: body.length } };
    });
  }
}

function asPageError(error: unknown, rel: string): PageError {
  if (error instanceof PageError) return error;
  if (error instanceof AgentError && error.status === 401) return new PageError('signed_out', error.message);
  const code = navigator.onLine === false ? 'offline' : 'origin_unreachable';
  return new PageError(code, `${rel}: ${String(error)}`, null, error);
}

function worthRetrying(error: PageError): boolean {
  return ['offline', 'origin_unreachable', 'server_error', 'too_many_requests'].includes(error.code);
}

/** One request with its two time limits. */
class Attempt {
  readonly #outer: AbortSignal;
  readonly #bodyMs: number;
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout>;

  constructor(outer: AbortSignal, firstByteMs: number, bodyMs: number) {
    this.#outer = outer;
    this.#bodyMs = bodyMs;
    this.#timer = this.#expireIn(firstByteMs);
  }

  #expireIn(ms: number): ReturnType<typeof setTimeout> {
    const late = new DOMException(`no answer within ${ms} ms`, 'TimeoutError');
    return setTimeout(() => this.#controller.abort(late), ms);
  }

  async run(work: (signal: AbortSignal) => Promise<Fetched>): Promise<Fetched> {
    const stop = () => this.#controller.abort(this.#outer.reason);
    if (this.#outer.aborted) stop();
    this.#outer.addEventListener('abort', stop);
    try {
      return await work(this.#controller.signal);
    } finally {
      clearTimeout(this.#timer);
      this.#outer.removeEventListener('abort', stop);
    }
  }

  async read(response: Response, progress: Progress): Promise<Bytes> {
    clearTimeout(this.#timer);
    this.#timer = this.#expireIn(this.#bodyMs);
    progress.first(performance.now());
    const total = Number(response.headers.get('content-length') ?? 0);
    const parts: Uint8Array[] = [];
    let loaded = 0;
    const reader = response.body?.getReader();
    for (;;) {
      const step = await reader?.read();
      if (!step || step.done) break;
      parts.push(step.value);
      loaded += step.value.length;
      progress.loaded(loaded, Math.max(total, loaded));
    }
    return join(parts, loaded);
  }
}

function join(parts: Uint8Array[], length: number): Bytes {
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
