/** The DMS of the development server: the routes of the protocol that the pages use. Tests only. */

import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bytes, toHex } from '../src/secure/bytes';
import { type Exchange, type Listening, listen, readJson, sendBytes, sendJson, sendProblem } from './http';
import { DevAds } from './ads';
import { DevPortal } from './portal';
import { type Signer, license, newSigner, random } from './sealer';
import { type SealedTitle, TENANT, playlist, titleBytes } from './title';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** A row of the library. */
export interface TitleRow {
  id: string;
  title: string;
  kind: 'video' | 'file';
  state: string;
  progress_percent: number | null;
  eta_seconds: number | null;
  version: number | null;
  duration_ms: number | null;
  created_ms: number;
  error: { code: string; message: string } | null;
}

/** What a test can change while the server runs. */
export interface Faults {
  /** Licences carry keys that open nothing. */
  wrongKeys: boolean;
  /** The tree of segments answers 503. */
  segmentsDown: boolean;
  /** Tracks that licences have no key for. */
  withheld: number[];
  /** Nobody may watch. */
  forbidden: boolean;
  /** The policy's no to a licence, by its code. */
  denied: string | null;
  /** What the page is told of its network: `auto`, or `intranet`. */
  network: string;
  /** Pages that may show the player in a frame, as the policy's directive has them. */
  frames: string;
  /** Milliseconds a licence is valid. */
  licenseMs: number;
  /** No licence holds any more. */
  withdrawn: boolean;
}

/** The DMS of the development server. */
export class DevDms {
  readonly token = `dms_${randomBytes(16).toString('hex')}`;
  readonly faults: Faults = {
    wrongKeys: false,
    segmentsDown: false,
    withheld: [],
    forbidden: false,
    denied: null,
    network: 'auto',
    frames: "'self'",
    licenseMs: 3_600_000,
    withdrawn: false,
  };
  /** Stretches of watching that pages told of. */
  readonly plays: { played_ms: number }[] = [];
  /** Paths asked for, in order. */
  readonly asked: string[] = [];
  readonly rows: TitleRow[] = [];
  readonly portal = new DevPortal();
  readonly ads = new DevAds();
  readonly #sessions = new Set<string>();
  /** Codes for agents, and whether each was traded. */
  readonly #codes = new Map<string, boolean>();
  readonly #titles = new Map<string, SealedTitle>();
  #signer: Signer | null = null;
  #listening: Listening | null = null;
  readonly #dist: string;

  /** Serves the pages of the folder `dist`, which ends in a slash. */
  constructor(dist = DIST) {
    this.#dist = dist;
  }

  async start(port = 0): Promise<void> {
    this.#signer = await newSigner();
    this.#listening = await listen(port, (exchange) => this.#answer(exchange));
  }

  get url(): string {
    return this.#listening?.url ?? '';
  }

  async close(): Promise<void> {
    await this.#listening?.close();
  }

  /** Puts a finished title on the shelf. */
  add(title: SealedTitle, name: string): void {
    this.#titles.set(title.id, title);
    this.rows.push({
      ...emptyRow(title.id, name),
      state: 'complete',
      progress_percent: 100,
      eta_seconds: 0,
      version: title.version,
      duration_ms: title.clip.seconds * 1000,
    });
  }

  /** Puts a title on the shelf that is in `state`. */
  addRow(name: string, changes: Partial<TitleRow>): TitleRow {
    const row = { ...emptyRow(randomUUID(), name), ...changes };
    this.rows.push(row);
    return row;
  }

  /** Makes `row` playable, with the content of `title`. */
  finish(row: TitleRow, title: SealedTitle): void {
    this.#titles.set(row.id, title);
    Object.assign(row, { state: 'complete', progress_percent: 100, version: title.version });
  }

  /** A session of the one person there is, for a cookie. */
  newSession(): string {
    const session = randomBytes(16).toString('hex');
    this.#sessions.add(session);
    return session;
  }

  /** A code with which the agent goes on for the one person there is. */
  newCode(): string {
    const code = `dms_here_${randomBytes(16).toString('hex')}`;
    this.#codes.set(code, false);
    return code;
  }

  /** A session for a code, once. */
  trade(code: string): string | null {
    if (this.#codes.get(code) !== false) return null;
    this.#codes.set(code, true);
    return this.newSession();
  }

  /** Ends every session, as a restart or an administrator would. */
  signEveryoneOut(): void {
    this.#sessions.clear();
  }

  /** A message or playlist as the device listener would give it to an agent. */
  content(title: string, rel: string): Bytes | string | null {
    const found = this.#titles.get(title);
    return found ? (found.messages.get(rel) ?? playlist(found, rel, this.ads.ranges(title))) : null;
  }

  trust(): unknown {
    const key = toHex(this.#signer?.publicKey ?? new Uint8Array(0));
    return { tenant: TENANT, manifest_keys: [key], license_keys: [key] };
  }

  /** A licence, or null for a title that is not there. */
  async license(title: string, recipient: string): Promise<Bytes | null> {
    const found = this.#titles.get(title);
    if (!found || !this.#signer) return null;
    const given = [...found.keys].filter(([track]) => !this.faults.withheld.includes(track));
    const keys = new Map(
      given.map(([track, key]) => [track, this.faults.wrongKeys ? random(32) : key.slice()]),
    );
    return license(this.#signer, {
      tenant: TENANT,
      title: titleBytes(found),
      version: found.version,
      subject: 'dev',
      recipient: new Uint8Array(Buffer.from(recipient, 'base64url')),
      notBefore: Date.now(),
      notAfter: Date.now() + this.faults.licenseMs,
      keys,
    });
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { pathname } = exchange.url;
    this.asked.push(`${exchange.method} ${pathname}`);
    if (pathname === '/session') return this.#session(exchange);
    if (pathname === '/api/v1/trust') return sendJson(exchange, 200, this.trust());
    if (pathname.startsWith('/api/') || pathname.startsWith('/hls/')) return this.#guarded(exchange);
    return this.#page(exchange);
  }

  #signedIn({ request }: Exchange): boolean {
    const cookie = /(?:^|; )dms_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
    if (cookie && this.#sessions.has(cookie)) return true;
    return request.headers.authorization === `Bearer ${this.token}`;
  }

  async #session(exchange: Exchange): Promise<void> {
    const { request, response, method } = exchange;
    if (method === 'GET') {
      if (!this.#signedIn(exchange)) return sendProblem(exchange, 401, 'unauthenticated', 'sign in first');
      const may = ['watch', 'publish'];
      return sendJson(exchange, 200, { subject: 'dev', tenant: TENANT, roles: ['owner'], may, codes_needed: false });
    }
    if (method === 'DELETE') {
      this.signEveryoneOut();
      response.writeHead(204).end();
      return;
    }
    const { token } = await readJson(request);
    if (token !== this.token) return sendProblem(exchange, 401, 'unauthenticated', 'the token is unknown');
    const session = this.newSession();
    const cookie = `dms_session=${session}; HttpOnly; SameSite=Strict; Path=/`;
    response.writeHead(204, { 'set-cookie': cookie }).end();
  }

  async #guarded(exchange: Exchange): Promise<void> {
    if (!this.#signedIn(exchange)) return sendProblem(exchange, 401, 'unauthenticated', 'sign in first');
    const { pathname } = exchange.url;
    const segment = /^\/hls\/([^/]+)\/(.+)$/.exec(pathname);
    if (segment) return this.#tree(exchange, segment[1] ?? '', segment[2] ?? '');
    if (pathname.startsWith('/api/v1/me/handoff')) return this.#handoff(exchange);
    if (await this.portal.answer(exchange, this.rows)) return;
    if (await this.ads.answer(exchange)) return;
    if (pathname === '/api/v1/titles') {
      return sendJson(exchange, 200, { items: this.rows, next_cursor: null });
    }
    if (/^\/api\/v1\/licenses\/[0-9a-f]{32}$/.test(pathname)) {
      return sendJson(exchange, 200, { holds: !this.faults.withdrawn, expires_ms: 0 });
    }
    if (pathname === '/api/v1/usage') {
      const { plays } = await readJson(exchange.request);
      this.plays.push(...(plays as { played_ms: number }[]));
      return sendJson(exchange, 200, { taken: 1, unknown: 0 });
    }
    const about = /^\/api\/v1\/titles\/([^/]+)(?:\/(.+))?$/.exec(pathname);
    if (about) return this.#title(exchange, about[1] ?? '', about[2] ?? '');
    return sendProblem(exchange, 404, 'not_found', pathname);
  }

  #handoff(exchange: Exchange): void {
    const { method, url } = exchange;
    if (method === 'POST') {
      const code = this.newCode();
      return sendJson(exchange, 201, { id: code.slice(9), code, expires_ms: Date.now() + 60_000 });
    }
    const used = this.#codes.get(`dms_here_${url.pathname.split('/').at(-1)}`);
    if (used === undefined) return sendProblem(exchange, 404, 'handoff_not_found', 'no such code');
    sendJson(exchange, 200, { used });
  }

  async #title(exchange: Exchange, id: string, part: string): Promise<void> {
    const row = this.rows.find((title) => title.id === id);
    if (part === 'access-requests') return void (await this.portal.ofTitle(exchange, id, part));
    if (this.faults.forbidden) return sendProblem(exchange, 403, 'forbidden', 'not shared with you');
    if (!row) return sendProblem(exchange, 404, 'title_not_found', `there is no title ${id}`);
    if (part === '' && exchange.method === 'DELETE') {
      this.rows.splice(this.rows.indexOf(row), 1);
      exchange.response.writeHead(204).end();
      return;
    }
    if (part === '') return sendJson(exchange, 200, row);
    const title = this.#titles.get(id);
    if (!title) return sendProblem(exchange, 409, 'title_not_ready', `the title is ${row.state}`);
    if (await this.portal.ofTitle(exchange, id, part)) return;
    const { poster, sprites, storyboard } = title.clip;
    if (part === 'poster.jpg') return sendBytes(exchange, 'image/jpeg', poster);
    if (part === 'sprites.jpg') return sendBytes(exchange, 'image/jpeg', sprites);
    if (part === 'storyboard.vtt') return sendBytes(exchange, 'text/vtt', storyboard);
    if (part !== 'license') return sendProblem(exchange, 404, 'not_found', part);
    const { denied } = this.faults;
    if (denied !== null) return sendProblem(exchange, 403, denied, 'The policy says no.');
    const { recipient_key: recipient } = await readJson(exchange.request);
    const message = await this.license(id, String(recipient));
    return sendBytes(exchange, 'application/cose', message ?? new Uint8Array(0));
  }

  #tree(exchange: Exchange, id: string, rel: string): void {
    if (this.faults.segmentsDown) return sendProblem(exchange, 503, 'unavailable', 'the store is away');
    const content = this.content(id, rel);
    if (content === null) return sendProblem(exchange, 404, 'not_found', rel);
    const playlistType = 'application/vnd.apple.mpegurl';
    sendBytes(exchange, typeof content === 'string' ? playlistType : 'application/octet-stream', content);
  }

  #page(exchange: Exchange): void {
    const { pathname } = exchange.url;
    const page = pathname === '/' ? 'index.html' : pathname.slice(1);
    const file = pathname.startsWith('/watch/') ? 'watch.html' : pathname.startsWith('/embed/') ? 'embed.html' : page;
    const path = this.#dist + file;
    if (file.includes('..') || !existsSync(path)) return sendProblem(exchange, 404, 'not_found', pathname);
    const built = readFileSync(`${this.#dist}csp.txt`, 'utf8').trim();
    const ancestors = `frame-ancestors 'self' ${this.faults.frames}`;
    const policy = file === 'embed.html' ? built.replace("frame-ancestors 'self'", ancestors) : built;
    const headers = file.endsWith('.html') ? { 'content-security-policy': policy } : {};
    const html = file.endsWith('.html');
    const body = readFileSync(path);
    const meta = '<meta name="dms-portal-network" content="';
    const shown = html ? body.toString('utf8').replace(`${meta}auto`, `${meta}${this.faults.network}`) : body;
    sendBytes(exchange, TYPES[extname(file)] ?? 'application/octet-stream', shown, headers);
  }
}

function emptyRow(id: string, title: string): TitleRow {
  return {
    id,
    title,
    kind: 'video',
    state: 'queued',
    progress_percent: null,
    eta_seconds: null,
    version: null,
    duration_ms: null,
    created_ms: Date.now(),
    error: null,
  };
}
