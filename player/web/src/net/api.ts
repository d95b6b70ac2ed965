/** The public API of the DMS, as far as the pages use it. */

import { t } from '../i18n/text';
import { type Bytes, fromHex } from '../secure/bytes';
import type { Trust } from '../secure/license';
import { type ErrorCode, PageError } from '../errors';
import { ask } from './home';

/** How long an API call may take, ms. */
const TIMEOUT_MS = 15_000;

/** What a title is doing. */
export type TitleState =
  | 'uploading'
  | 'queued'
  | 'probing'
  | 'transcoding'
  | 'sealing'
  | 'complete'
  | 'failed';

/** A title as the API tells it. */
export interface Title {
  readonly id: string;
  readonly title: string;
  readonly kind: 'video' | 'file';
  readonly state: TitleState;
  /** 0 to 100; null while unknown. */
  readonly progress: number | null;
  readonly etaSeconds: number | null;
  readonly durationMs: number | null;
  readonly createdMs: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Who is signed in. */
export interface Session {
  readonly subject: string;
  /** Names of what the caller may do, such as `publish`. */
  readonly may: readonly string[];
  /** Whether one-time codes have to be set up before anything else. */
  readonly codesNeeded: boolean;
  /** Whether they are set up and one has to be given before anything else. */
  readonly codeNeeded: boolean;
}

/** A site and what its WAN link carried. */
export interface Site {
  readonly id: string;
  readonly name: string;
  readonly peering: string;
  readonly peers: number;
  readonly originBytes: number;
  /** Bytes the site's PCs gave one another; null when the server does not say. */
  readonly peerBytes: number | null;
  readonly wanCopies: number | null;
}

/** An object of JSON, before anything is known of it. */
export type Json = Record<string, unknown>;

/**
 * A request to the page's own server. Throws {@link PageError} for anything but a 2xx answer, and
 * the signal's reason when `init.signal` ends it.
 */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  let response: Response;
  try {
    response = await ask(path, { ...init, signal });
  } catch (error) {
    if (init.signal?.aborted) throw init.signal.reason;
    const code = navigator.onLine === false ? 'offline' : 'origin_unreachable';
    throw new PageError(code, `no answer from ${path}`, null, error);
  }
  if (response.ok) return response;
  throw await problem(response, path);
}

/** What a title's policy says no with; the server's sentence tells the person why. */
const DENIALS: readonly string[] = [
  'suspended',
  'sign_in_needed',
  'not_in_audience',
  'not_here',
  'over',
  'embargo',
  'not_yet',
  'needs_subscription',
  'needs_rental',
  'rental_over',
  'quality_none',
  'too_many_streams',
];

/** The error an answer stands for, from its problem document where there is one. */
export async function problem(response: Response, path: string): Promise<PageError> {
  let body: Json = {};
  try {
    body = ((await response.json()) ?? {}) as Json;
  } catch {
    // Not every answer comes from the DMS: a proxy's page is not JSON. The status has to do.
  }
  const requestId = text(body.request_id) ?? response.headers.get('x-request-id');
  const said = text(body.detail) ?? text(body.title) ?? response.statusText;
  const name = text(body.code);
  const detail = `${path} answered ${response.status}${name ? ` ${name}` : ''}: ${said}`;
  const error = new PageError(codeOf(response.status, name), detail, requestId);
  if (name !== null && DENIALS.includes(name)) {
    error.said = said;
    error.denial = name;
  }
  return error;
}

/** The catalogue's name for an HTTP status and the server's own name for the problem. */
export function codeOf(status: number, name: string | null): ErrorCode {
  if (name === 'title_failed') return 'title_failed';
  // A role came to somebody who signed in with a password alone: signing in asks for what is missing.
  if (name === 'code_needed' || name === 'codes_needed') return 'signed_out';
  switch (status) {
    case 401:
      return 'signed_out';
    case 403:
      return 'forbidden';
    case 404:
    case 410:
      return 'title_not_found';
    case 413:
      return 'upload_too_large';
    case 429:
      return 'too_many_requests';
    case 502:
    case 503:
    case 504:
      return 'origin_unreachable';
    default:
      return 'server_error';
  }
}

/** An answer in JSON. */
export async function json(path: string, init?: RequestInit): Promise<unknown> {
  const response = await call(path, init);
  try {
    return await response.json();
  } catch (error) {
    throw new PageError('server_error', `${path} did not answer in JSON`, null, error);
  }
}

/** Who is signed in; null when nobody is. */
export async function session(): Promise<Session | null> {
  try {
    const body = (await json('/session')) as Json;
    return {
      subject: text(body.subject) ?? '',
      may: Array.isArray(body.may) ? body.may.filter((name) => typeof name === 'string') : [],
      codesNeeded: body.codes_needed === true,
      codeNeeded: body.code_needed === true,
    };
  } catch (error) {
    if (error instanceof PageError && error.code === 'signed_out') return null;
    throw error;
  }
}

/** Signs in. Throws `token_refused` when the token is not accepted. */
export async function signIn(token: string): Promise<void> {
  const body = JSON.stringify({ token });
  const headers = { 'content-type': 'application/json' };
  try {
    await call('/session', { method: 'POST', headers, body });
  } catch (error) {
    const refused = ['signed_out', 'forbidden'];
    if (error instanceof PageError && (refused.includes(error.code) || / 4(00|22) /.test(error.message))) {
      throw new PageError('token_refused', error.message, error.requestId, error);
    }
    throw error;
  }
}

/** Why the server refused what somebody gave: its own code and sentence. */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
}

/** Sends JSON; null when it was taken, and the refusal when the server says why not. Throws when nobody answers. */
export async function offer(method: string, path: string, body: Json): Promise<Refusal | null> {
  const answer = await offered(method, path, body);
  return 'refusal' in answer ? answer.refusal : null;
}

/** The same for who reads the answer. */
async function offered(
  method: string,
  path: string,
  body: Json,
): Promise<{ response: Response } | { refusal: Refusal }> {
  const headers = { 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const init: RequestInit = { method, headers, body: JSON.stringify(body), signal };
  let response: Response;
  try {
    response = await ask(path, init);
  } catch (error) {
    throw new PageError('origin_unreachable', `no answer from ${path}`, null, error);
  }
  if (response.ok) return { response };
  if (response.status >= 500) throw await problem(response, path);
  const said = (await response.json().catch(() => ({}))) as Json;
  const fixes = Array.isArray(said.errors) ? (said.errors as Json[]).map((error) => text(error.fix) ?? '') : [];
  const detail = [text(said.detail) ?? t('The server refused it.'), ...fixes].join(' ');
  return { refusal: { code: text(said.code) ?? '', detail } };
}

/** Signs in with an account; the code only where one is demanded. */
export function signInAs(given: { login: string; password: string; code: string }): Promise<Refusal | null> {
  const { login, password, code } = given;
  return offer('POST', '/session', code === '' ? { login, password } : { login, password, code });
}

/** A new secret for one-time codes. */
export async function drawCodes(): Promise<{ secret: string; url: string }> {
  const body = (await json('/api/v1/me/codes', { method: 'POST' })) as Json;
  return { secret: text(body.secret) ?? '', url: text(body.url) ?? '' };
}

/** Gives the first code back: from then on one is demanded. */
export function proveCodes(code: string): Promise<Refusal | null> {
  return offer('PUT', '/api/v1/me/codes', { code });
}

/** A command line that waits to be let in. */
export interface Asking {
  /** What it calls itself. */
  readonly name: string;
  /** The address that it asks from. */
  readonly address: string;
  /** Its code, to be compared with what it shows. */
  readonly userCode: string;
  readonly createdMs: number;
  readonly roles: readonly string[];
}

/** What waits with this code, or why nothing does. */
export async function asking(userCode: string): Promise<Asking | Refusal> {
  const answer = await offered('POST', '/api/v1/grants/look', { user_code: userCode });
  if ('refusal' in answer) return answer.refusal;
  const body = (await answer.response.json()) as Json;
  return {
    name: text(body.name) ?? '',
    address: text(body.address) ?? '',
    userCode: text(body.user_code) ?? '',
    createdMs: number(body.created_ms) ?? 0,
    roles: Array.isArray(body.roles) ? body.roles.filter((role) => typeof role === 'string') : [],
  };
}

/** Lets a command line in, or refuses it. */
export function answerAsking(userCode: string, approve: boolean): Promise<Refusal | null> {
  return offer('POST', '/api/v1/grants/answer', { user_code: userCode, approve });
}

/** The name of the company's identity provider, if people sign in through one; null also when nobody says. */
export async function provider(): Promise<string | null> {
  try {
    const body = (await json('/api/v1/session-options')) as Json;
    return text((body.oidc as Json | null)?.name);
  } catch {
    // The other ways to sign in are there all the same.
    return null;
  }
}

/** Signs out. */
export async function signOut(): Promise<void> {
  await call('/session', { method: 'DELETE' });
}

/** One title. */
export async function title(id: string, signal?: AbortSignal): Promise<Title> {
  return parseTitle(await json(`/api/v1/titles/${id}`, signal ? { signal } : {}));
}

/** Deletes a title. */
export async function deleteTitle(id: string): Promise<void> {
  await call(`/api/v1/titles/${id}`, { method: 'DELETE' });
}

/** Most titles the library shows at once, and the pages it asks for to get there. */
const MAX_PAGES = 10;

/** The titles, newest first as the server lists them. */
export async function titles(): Promise<Title[]> {
  const found: Title[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query: string = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const body = await json(`/api/v1/titles${query}`);
    found.push(...items(body).map(parseTitle));
    cursor = text((body as Json).next_cursor);
    if (cursor === null) break;
  }
  return found;
}

/** The sites. */
export async function sites(): Promise<Site[]> {
  return items(await json('/api/v1/sites')).map(parseSite);
}

/** The keys this company's licences are signed with. */
export async function trust(): Promise<Trust> {
  return parseTrust(await json('/api/v1/trust'));
}

/** A licence for `recipient` (base64url of an X25519 public key), still unverified. */
export async function license(titleId: string, recipient: string): Promise<Bytes> {
  const response = await call(`/api/v1/titles/${titleId}/license`, licenseRequest(titleId, recipient));
  return new Uint8Array(await response.arrayBuffer());
}

/** Whether a licence still holds; `id` is its hexadecimal id. */
export async function licenseHolds(id: string): Promise<boolean> {
  const standing = (await json(`/api/v1/licenses/${id}`)) as Json;
  return standing.holds !== false;
}

/** A stretch of watching, under the licence it began with. */
export interface Play {
  readonly license: string;
  readonly from_ms: number;
  readonly until_ms: number;
  readonly played_ms: number;
}

/** Tells what was watched; also when the page is being left. */
export async function reportUsage(play: Play, leaving: boolean): Promise<void> {
  const body = JSON.stringify({ plays: [play] });
  const headers = { 'content-type': 'application/json' };
  await call('/api/v1/usage', { method: 'POST', headers, body, keepalive: leaving });
}

/** The request for a licence, the same at the DMS and at an agent. */
export function licenseRequest(titleId: string, recipient: string): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/cose' },
    body: JSON.stringify({ title: titleId, recipient_key: recipient }),
  };
}

/** A trust document. Throws `license_untrusted` when there is no key in it. */
export function parseTrust(body: unknown): Trust {
  const { tenant, license_keys: keys } = (body ?? {}) as Json;
  const licenseKeys = (Array.isArray(keys) ? keys : [])
    .map((key) => (typeof key === 'string' ? fromHex(key) : null))
    .filter((key): key is Bytes => key?.length === 32);
  if (typeof tenant !== 'string' || licenseKeys.length === 0) {
    throw new PageError('license_untrusted', 'the server names no key that signs licences');
  }
  return { tenant, licenseKeys };
}

const STATES: readonly string[] = [
  'uploading',
  'queued',
  'probing',
  'transcoding',
  'sealing',
  'complete',
  'failed',
];

/** A title from JSON. A state this page does not know counts as being prepared. */
export function parseTitle(body: unknown): Title {
  const json = (body ?? {}) as Json;
  const error = json.error as Json | null | undefined;
  const state = text(json.state) ?? '';
  return {
    id: text(json.id) ?? '',
    title: text(json.title) ?? 'Untitled',
    kind: json.kind === 'file' ? 'file' : 'video',
    state: STATES.includes(state) ? (state as TitleState) : 'queued',
    progress: number(json.progress_percent),
    etaSeconds: number(json.eta_seconds),
    durationMs: number(json.duration_ms),
    createdMs: number(json.created_ms),
    error: error ? { code: text(error.code) ?? '', message: text(error.message) ?? '' } : null,
  };
}

function parseSite(body: unknown): Site {
  const json = (body ?? {}) as Json;
  return {
    id: text(json.id) ?? '',
    name: text(json.name) ?? '',
    peering: text(json.peering) ?? '',
    peers: number(json.peers) ?? 0,
    originBytes: number(json.origin_bytes) ?? 0,
    peerBytes: number(json.peer_bytes),
    wanCopies: number(json.wan_copies),
  };
}

/** The list in an answer. */
export function items(body: unknown): unknown[] {
  const list = Array.isArray(body) ? body : (body as Json | null)?.items;
  return Array.isArray(list) ? list : [];
}

/** A text, or nothing. */
export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A number, or nothing. */
export function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
