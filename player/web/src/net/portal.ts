/** What the portal knows of a title and of the person: captions, chapters, place, rating, rights, what is next. */

import { type Json, type Refusal, type Title, call, items, json, number, offer, parseTitle, text } from './api';
import { PageError } from '../errors';

/** Captions in a language. */
export interface Captions {
  readonly lang: string;
  readonly label: string;
  readonly url: string;
}

/** The languages in which a title has captions; none where nobody can say. */
export async function captions(id: string): Promise<Captions[]> {
  const base = `/api/v1/titles/${id}/captions`;
  return items(await json(base)).flatMap((item) => {
    const lang = text((item as Json).lang);
    const label = text((item as Json).label) ?? lang;
    return lang && label ? [{ lang, label, url: `${base}/${encodeURIComponent(lang)}` }] : [];
  });
}

/** The chapters' address. */
export function chaptersUrl(id: string): string {
  return `/api/v1/titles/${id}/chapters.vtt`;
}

/** A WebVTT file. */
export async function webvtt(url: string): Promise<string> {
  return (await call(url)).text();
}

/** What the person did with a title. */
export interface Mine {
  /** Where they are, seconds; null: they have not begun. */
  readonly seconds: number | null;
  readonly saved: boolean;
  readonly rating: 1 | -1 | null;
}

/** What the person did with a title; null for who is no person, such as a token of the installation. */
export async function mine(id: string): Promise<Mine | null> {
  let body: Json;
  try {
    body = (await json(`/api/v1/me/titles/${id}`)) as Json;
  } catch (error) {
    if (error instanceof PageError && / 409 /.test(error.message)) return null;
    throw error;
  }
  const rating = body.rating === 1 || body.rating === -1 ? body.rating : null;
  return { seconds: number(body.seconds), saved: body.saved === true, rating };
}

const JSON_BODY = { 'content-type': 'application/json' };

/** Notes where the person is; also when the page is being left. */
export async function putProgress(id: string, seconds: number, leaving: boolean): Promise<void> {
  const body = JSON.stringify({ seconds: Math.floor(seconds) });
  await call(`/api/v1/me/progress/${id}`, { method: 'PUT', headers: JSON_BODY, body, keepalive: leaving });
}

/** Saves the title to the person's list, or takes it from there. */
export async function save(id: string, saved: boolean): Promise<void> {
  await call(`/api/v1/me/saved/${id}`, { method: saved ? 'PUT' : 'DELETE' });
}

/** Rates the title; null takes the rating back. */
export async function rate(id: string, rating: 1 | -1 | null): Promise<void> {
  const url = `/api/v1/me/ratings/${id}`;
  if (rating === null) await call(url, { method: 'DELETE' });
  else await call(url, { method: 'PUT', headers: JSON_BODY, body: JSON.stringify({ rating }) });
}

/** Titles to go on with: proposed to the person, then the newest that they may see. */
export async function upNext(): Promise<Title[]> {
  const lists = await Promise.allSettled([json('/api/v1/me/for-you'), json('/api/v1/titles?limit=20')]);
  const known = new Set<string>();
  return lists
    .flatMap((list) => (list.status === 'fulfilled' ? items(list.value).map(parseTitle) : []))
    .filter(({ id }) => !known.has(id) && known.add(id));
}

/** What stands between the person and a title. */
export interface Access {
  readonly seen: boolean;
  /** Milliseconds that the server's clock is ahead of this one. */
  readonly aheadMs: number;
  readonly opensMs: number | null;
  readonly endsMs: number | null;
  readonly owner: string | null;
  readonly maxHeight: number | null;
  /** The answer to their request for access. */
  readonly denied: { readonly by: string | null; readonly atMs: number | null } | null;
}

/** What stands between the person and a title. */
export async function access(id: string): Promise<Access> {
  const body = (await json(`/api/v1/me/access/${id}`)) as Json;
  const answer = body.answer as Json | null | undefined;
  return {
    seen: body.seen === true,
    aheadMs: (number(body.now_ms) ?? Date.now()) - Date.now(),
    opensMs: number(body.opens_ms),
    endsMs: number(body.ends_ms),
    owner: text(body.owner),
    maxHeight: number(body.max_height),
    denied: answer?.state === 'denied' ? { by: text(answer.by), atMs: number(answer.at_ms) } : null,
  };
}

/** Asks whoever published the title to let the person in; null when it was taken. */
export function askForAccess(id: string, note: string): Promise<Refusal | null> {
  return offer('POST', `/api/v1/titles/${id}/access-requests`, { note });
}
