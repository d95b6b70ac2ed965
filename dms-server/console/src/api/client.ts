/** The public API, typed by its OpenAPI document. All that the console knows and does goes through here. */

import createClient from 'openapi-fetch';
import { ApiError, refused, unreachable } from './problem';
import type { components, paths } from './schema';

/** A thing of the API by its name in the document. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** Most items that a list is asked for at once. */
export const PAGE_LIMIT = 100;

/** How long a request may take, ms. */
const TIMEOUT_MS = 30_000;

/** Told when the server says that nobody is signed in. */
const signedOut = new Set<() => void>();

/** Calls `told` whenever an answer says that the session is over. */
export function onSignedOut(told: () => void): () => void {
  signedOut.add(told);
  return () => signedOut.delete(told);
}

async function send(request: Request): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await fetch(request, { signal });
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw unreachable();
  }
}

export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? '', credentials: 'same-origin', fetch: send });

/** What the client gives back: either has `data`, or `error`. */
interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** The answer's data; throws {@link ApiError} when it is no success. */
export async function ask<Data>(answer: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await answer;
  if (response.ok) return data as Data;
  if (response.status === 401) for (const told of signedOut) told();
  throw refused(response, error);
}

/** Whatever was thrown, as an {@link ApiError}. */
export function toApiError(thrown: unknown): ApiError {
  return thrown instanceof ApiError ? thrown : new ApiError(0, { code: 'console_error', detail: String(thrown) });
}
