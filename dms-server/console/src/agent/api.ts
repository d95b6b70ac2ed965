/** The agent's loopback API, as far as its page asks it. */

import { signedOut, token } from './access';

/** Why the agent does not give. */
export type Sharing = 'on' | 'paused' | 'battery' | 'metered' | 'vpn' | 'leaving';

export interface Status {
  readonly connected: boolean;
  readonly refused: boolean;
  readonly site: { readonly name: string; readonly peering: 'on' | 'consume_only' | 'off' } | null;
  readonly roster: number;
  readonly sharing: Sharing;
  readonly paused_until_ms: number | null;
  readonly cache: { readonly used: number; readonly limit: number };
  readonly bytes: { readonly given_today: number; readonly outside_today: number };
}

export type Snapped = 'above_limit' | 'below_least' | 'locked';

export interface Cap {
  readonly value: number | null;
  readonly limit: number | null;
  readonly least: number;
  readonly locked: boolean;
  readonly snapped: Snapped | null;
}

export interface Caps {
  readonly upload: Cap;
  readonly disk: Cap;
}

export interface Cleared {
  readonly freed_bytes: number;
  readonly stays_bytes: number;
}

export type Stay = 'until_let_go' | 'while_the_site_needs_it' | 'until_room_is_needed';

export interface Stored {
  readonly titles: number;
  readonly items: readonly { readonly title: string | null; readonly bytes: number; readonly stays: Stay }[];
}

/** Bytes of today by class, in the agent's words. */
export interface Today {
  readonly moved: Readonly<
    Record<
      | 'bytes'
      | 'outside'
      | 'peers'
      | 'peer_requests'
      | 'origin_requests'
      | 'control'
      | 'reports'
      | 'from_peers'
      | 'from_origin'
      | 'players',
      number
    >
  >;
}

export type Verdict = 'ok' | 'warning' | 'problem' | 'skipped';

export interface Check {
  readonly check: string;
  readonly verdict: Verdict;
  readonly measured: string;
  readonly why: string;
  readonly fix: string;
}

export interface Examined {
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/** What the agent refused, or that it is not there: `away`. */
export class AgentError extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const bearer = token();
  if (bearer === null) throw new AgentError('signed_out', '');
  const answer = await fetch(path, {
    method,
    headers: { authorization: `Bearer ${bearer}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new AgentError('away', '');
  });
  if (answer.ok) return answer;
  if (answer.status === 401) {
    signedOut();
    throw new AgentError('signed_out', '');
  }
  const problem = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string };
  throw new AgentError(problem.code ?? `http_${answer.status}`, problem.detail ?? answer.statusText);
}

async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await (await ask(method, path, body)).json()) as T;
}

export const agent = {
  status: () => json<Status>('GET', '/v1/status'),
  /** None: until somebody resumes. */
  pause: (seconds: number | null) => json('POST', '/v1/pause', seconds === null ? {} : { seconds }),
  resume: () => json('POST', '/v1/resume'),
  caps: () => json<Caps>('GET', '/v1/caps'),
  choose: (wish: { upload?: number | null; disk?: number | null }) => json<Caps>('PUT', '/v1/caps', wish),
  stored: () => json<Stored>('GET', '/v1/stored'),
  clear: () => json<Cleared>('POST', '/v1/clear'),
  today: () => json<Today>('GET', '/v1/today'),
  test: () => json<Examined>('POST', '/v1/doctor'),
  bundle: async () => (await ask('GET', '/v1/bundle')).blob(),
  quit: () => json<{ service: boolean }>('POST', '/v1/quit'),
};
