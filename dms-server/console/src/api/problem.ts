/** What went wrong with a request, as the whole console speaks of it. */

import { msg } from '@lingui/core/macro';
import type { MessageDescriptor } from '@lingui/core';
import type { components } from './schema';

export type ProblemBody = components['schemas']['ProblemBody'];
export type FieldProblem = components['schemas']['FieldProblem'];

/** A request that was refused, failed, or was not answered. */
export class ApiError extends Error {
  /** The HTTP status; 0 when nobody answered. */
  readonly status: number;
  /** The server's stable name for it. */
  readonly code: string;
  /** The id under which the server's log has the request. */
  readonly requestId: string | null;
  /** The wrong fields. */
  readonly fields: readonly FieldProblem[];
  /** What to say instead of the server's sentence; null: the server's sentence. */
  readonly said: MessageDescriptor | null;

  constructor(status: number, body: Partial<ProblemBody>, said: MessageDescriptor | null = null) {
    super(body.detail ?? body.title ?? `status ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = body.code ?? (status === 0 ? 'unreachable' : `http_${status}`);
    this.requestId = body.request_id ?? null;
    this.fields = body.errors ?? [];
    this.said = said;
  }
}

const UNREACHABLE = msg`The server does not answer. Check the connection; the request was not carried out.`;
const NO_PROBLEM = msg`The answer did not come from the DMS. A proxy may be in between.`;

/** Nobody answered. */
export function unreachable(): ApiError {
  return new ApiError(0, {}, UNREACHABLE);
}

/** What an answer that is no success says. */
export function refused(response: Response, body: unknown): ApiError {
  const requestId = response.headers.get('x-request-id');
  if (isProblem(body)) return new ApiError(response.status, requestId ? { request_id: requestId, ...body } : body);
  return new ApiError(response.status, requestId ? { request_id: requestId } : {}, NO_PROBLEM);
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === 'object' && body !== null && typeof (body as Partial<ProblemBody>).code === 'string';
}
