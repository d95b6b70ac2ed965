/** The watch page as the development server's agent serves it, and what it passes on. Tests only. */

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DevDms } from './dms';
import { type Exchange, readBody, readJson, sendBytes, sendJson, sendProblem } from './http';

const DIST = fileURLToPath(new URL('../dist-agent/', import.meta.url));
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css' };

/** What the agent does for its own page. */
export class DevServed {
  readonly #dms: DevDms;
  /** Bearers of pages, and the sessions that they stand for. */
  readonly #bearers = new Map<string, string>();

  constructor(dms: DevDms) {
    this.#dms = dms;
  }

  /** Whether the request comes with a page's bearer. */
  knows(bearer: string | undefined): boolean {
    return bearer !== undefined && this.#bearers.has(bearer.replace('Bearer ', ''));
  }

  /** Whether it was a request of the page, and then its answer. */
  async answer(exchange: Exchange): Promise<boolean> {
    const { url, request } = exchange;
    if (url.pathname === '/v1/watch/session') await this.#session(exchange);
    else if (url.pathname.startsWith('/watch/')) this.#page(exchange);
    else if (url.pathname.startsWith('/assets/')) this.#asset(exchange);
    else if (!url.pathname.startsWith('/api/v1/')) return false;
    else if (this.knows(request.headers.authorization)) await this.#passOn(exchange);
    else sendProblem(exchange, 401, 'session_over', 'no session');
    return true;
  }

  #page(exchange: Exchange): void {
    const mark = 'content="auto"';
    const html = readFileSync(`${DIST}watch.html`, 'utf8').replace(mark, `content="agent ${this.#dms.url}"`);
    const policy = readFileSync(`${DIST}csp.txt`, 'utf8').trim();
    sendBytes(exchange, 'text/html; charset=utf-8', html, { 'content-security-policy': policy });
  }

  #asset(exchange: Exchange): void {
    const { pathname } = exchange.url;
    const path = `${DIST}${pathname.slice(1)}.gz`;
    if (pathname.includes('..') || !existsSync(path)) return sendProblem(exchange, 404, 'no_route', pathname);
    const type = TYPES[extname(pathname)] ?? 'application/octet-stream';
    sendBytes(exchange, type, readFileSync(path), { 'content-encoding': 'gzip' });
  }

  async #session(exchange: Exchange): Promise<void> {
    const { code } = await readJson(exchange.request);
    const session = this.#dms.trade(String(code));
    if (session === null) return sendProblem(exchange, 403, 'handoff_over', 'this code was used already');
    const token = randomBytes(16).toString('hex');
    this.#bearers.set(token, session);
    sendJson(exchange, 200, { token });
  }

  async #passOn(exchange: Exchange): Promise<void> {
    const { request, response, url, method } = exchange;
    const session = this.#bearers.get((request.headers.authorization ?? '').replace('Bearer ', '')) ?? '';
    const body = await readBody(request);
    const answer = await fetch(this.#dms.url + url.pathname + url.search, {
      method,
      headers: { cookie: `dms_session=${session}`, 'content-type': request.headers['content-type'] ?? 'text/plain' },
      ...(method === 'GET' ? {} : { body: new Uint8Array(body) }),
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }
}
