/** The agent of this PC, as far as the portal asks it: what it keeps for who travels. */

import { queryOptions } from '@tanstack/react-query';
import { api, ask } from '~/api/client';
import { Agent, AgentError, agentOrigin, DEFAULT_AGENT } from '../../../../player/web/src/net/agent';
import { pageNetwork, planPath, readPermission } from '../../../../player/web/src/net/path';

/** How long the agent may take to say hello, ms. */
const HELLO_MS = 2_000;
/** How long a person may think about the browser's question, ms. */
const PROMPT_MS = 120_000;
/** How often what is being fetched is looked at again, ms. */
const AGAIN_MS = 5_000;
/** Titles that an agent keeps at most. */
const KEPT_MAX = 256;

/** A title that the agent keeps. */
export interface Kept {
  readonly title: string;
  /** Null: the server does not show it to this person any more. */
  readonly name: string | null;
  readonly bytes: number;
  readonly bytesHere: number;
  readonly noRoom: boolean;
}

/** What the agent says of a title that it keeps; what is no such thing is null. */
export function readKept(item: unknown): Omit<Kept, 'name'> | null {
  const { title, bytes, bytes_here: bytesHere, no_room: noRoom } = (item ?? {}) as Record<string, unknown>;
  if (typeof title !== 'string' || !/^[0-9a-f-]{36}$/.test(title)) return null;
  const count = (value: unknown) => (typeof value === 'number' && value >= 0 ? value : 0);
  return { title, bytes: count(bytes), bytesHere: count(bytesHere), noRoom: noRoom === true };
}

/** Whether the browser lets this page ask without a question of its own. Never raises that question. */
export const mayAskQuery = queryOptions({
  queryKey: ['here', 'may'],
  queryFn: async () => {
    const permission = await readPermission(navigator.permissions);
    return planPath({ permission, page: pageNetwork(location.hostname, null, null), refused: false });
  },
  staleTime: 0,
});

/** The agent's address: the usual one, or one on this PC that the page's address names. */
export function agentAt(given: string): string {
  return agentOrigin(given) ?? DEFAULT_AGENT;
}

/** The name of a title, unless this person may not see it. */
async function nameOf(title: string): Promise<string | null> {
  try {
    return (await ask(api.GET('/api/v1/titles/{title}', { params: { path: { title } } }))).title;
  } catch {
    return null;
  }
}

/** The agent and what it keeps; `prompted`: the browser may ask the person first. */
export function keptQuery(origin: string, enabled: boolean, prompted: boolean) {
  return queryOptions({
    queryKey: ['here', 'kept', origin],
    queryFn: async () => {
      const agent = await Agent.connect(origin, AbortSignal.timeout(prompted ? PROMPT_MS : HELLO_MS));
      const answer = await agent.fetch('/v1/kept');
      if (!answer.ok) throw new AgentError(answer.status, 'the agent did not say what it keeps');
      const { items } = (await answer.json()) as { items?: unknown[] };
      const kept = (items ?? []).map(readKept).filter((item) => item !== null).slice(0, KEPT_MAX);
      return Promise.all(kept.map(async (item): Promise<Kept> => ({ ...item, name: await nameOf(item.title) })));
    },
    enabled,
    retry: false,
    refetchInterval: ({ state: { data } }) => (data?.some((kept) => kept.bytesHere < kept.bytes) ? AGAIN_MS : false),
  });
}

/** Has the agent keep a title, or let go of it. */
export async function setKept(origin: string, title: string, on: boolean): Promise<void> {
  const agent = await Agent.connect(origin, AbortSignal.timeout(HELLO_MS));
  const init = on ? { method: 'PUT', body: '{}' } : { method: 'DELETE' };
  const answer = await agent.fetch(`/v1/kept/${title}`, init);
  await answer.body?.cancel();
  if (!answer.ok && answer.status !== 404) throw new AgentError(answer.status, `the agent answered ${answer.status}`);
}
