/** The agent of the development server: the loopback API of the protocol. Tests only. */

import { randomBytes, randomUUID } from 'node:crypto';
import type { DevDms } from './dms';
import { DevServed } from './page-of-agent';
import { type Exchange, type Listening, listen, readJson, sendBytes, sendJson, sendProblem } from './http';

/** The agent of the development server. */
export class DevAgent {
  readonly #dms: DevDms;
  /** Origins whose pages may ask. */
  readonly portals: string[];
  readonly #cached = new Set<string>();
  readonly #served: DevServed;
  #token = randomBytes(16).toString('hex');
  #listening: Listening | null = null;
  /** Milliseconds before every answer. */
  delayMs = 0;
  /** Flip a bit of every segment. */
  corrupt = false;
  /** Segments handed out. */
  segments = 0;
  /** Runs after each segment was handed out. */
  onSegment: () => void = () => undefined;

  constructor(dms: DevDms, portal: string) {
    this.#dms = dms;
    this.#served = new DevServed(dms);
    this.portals = [portal];
  }

  async start(port = 0): Promise<void> {
    this.#listening = await listen(port, (exchange) => this.#answer(exchange));
  }

  get url(): string {
    return this.#listening?.url ?? '';
  }

  async close(): Promise<void> {
    await this.#listening?.close();
    this.#listening = null;
  }

  /** Forgets its sessions, as a restart does. */
  forgetSessions(): void {
    this.#token = randomBytes(16).toString('hex');
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { request, response, url, method } = exchange;
    const host = this.url.replace('http://', '');
    if (request.headers.host !== host) return sendProblem(exchange, 421, 'misdirected', 'wrong Host');
    const { origin } = request.headers;
    if ((origin === undefined || origin === this.url) && (await this.#served.answer(exchange))) return;
    if (origin !== undefined && !this.portals.includes(origin)) {
      return sendProblem(exchange, 403, 'origin_not_allowed', origin);
    }
    if (origin !== undefined) response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'dms-source');
    response.setHeader('vary', 'origin');
    if (method === 'OPTIONS') {
      response.setHeader('access-control-allow-methods', 'GET, POST');
      response.setHeader('access-control-allow-headers', 'authorization, content-type');
      response.setHeader('access-control-max-age', '600');
      response.writeHead(204).end();
      return;
    }
    if (this.delayMs > 0) await new Promise((done) => setTimeout(done, this.delayMs));
    if (url.pathname === '/v1/hello') return sendJson(exchange, 200, HELLO);
    if (url.pathname === '/v1/session' && method === 'POST') {
      return sendJson(exchange, 200, { token: this.#token });
    }
    const watches = url.pathname.startsWith('/v1/hls/') && this.#served.knows(request.headers.authorization);
    if (!watches && request.headers.authorization !== `Bearer ${this.#token}`) {
      return sendProblem(exchange, 401, 'unauthenticated', 'no session');
    }
    return this.#inSession(exchange);
  }

  async #inSession(exchange: Exchange): Promise<void> {
    const { pathname } = exchange.url;
    if (pathname === '/v1/trust') return sendJson(exchange, 200, this.#dms.trust());
    if (pathname === '/v1/license') {
      const { title, recipient_key: recipient } = await readJson(exchange.request);
      const message = await this.#dms.license(String(title), String(recipient));
      return sendBytes(exchange, 'application/cose', message ?? new Uint8Array(0));
    }
    const [, title = '', rel = ''] = /^\/v1\/hls\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    const content = this.#dms.content(title, rel);
    if (content === null) return sendProblem(exchange, 404, 'not_found', pathname);
    if (typeof content === 'string') return sendBytes(exchange, 'application/vnd.apple.mpegurl', content);
    this.#segment(exchange, pathname, content);
  }

  /** The first time a segment comes from a neighbour, but each fifth from the origin; then from here. */
  #segment(exchange: Exchange, path: string, message: Uint8Array): void {
    this.segments += 1;
    const first = this.segments % 5 === 0 ? 'origin' : 'peer';
    const from = this.#cached.has(path) ? 'cache' : first;
    this.#cached.add(path);
    const counts = { cache: 0, peer: 0, origin: 0, [from]: message.length };
    const source = Object.entries(counts).map(([name, count]) => `${name}=${count}`);
    const body = message.slice();
    if (this.corrupt) body[100] = (body[100] ?? 0) ^ 1;
    sendBytes(exchange, 'application/octet-stream', body, { 'dms-source': source.join(';') });
    this.onSegment();
  }
}

const HELLO = { agent: 'edge-peer', version: '0.1.0', device_id: randomUUID(), sharing: 'on' };
