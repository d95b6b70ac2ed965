/**
 * The path ladder: whether a page fetches video through the agent on this PC or from the origin.
 *
 * Browsers ask people before a page of a wider network may talk to a program on the PC (Local
 * Network Access). That question is never provoked unasked: the page only tries what is certain
 * not to raise it, plays from the origin meanwhile, and offers the rest in one line.
 */

/** The state of the browser's permission; `absent` when the browser has no such permission. */
export type Permission = 'granted' | 'prompt' | 'denied' | 'absent';

/**
 * Where the page comes from: this PC, an intranet that an administrator has declared as such (see
 * `pageNetwork`), or anywhere else.
 */
export type PageNetwork = 'loopback' | 'intranet' | 'public';

/** What is known when the decision is made. */
export interface PathFacts {
  readonly permission: Permission;
  readonly page: PageNetwork;
  /** The person has said no to the offer before. */
  readonly refused: boolean;
}

/** Why a path was taken. */
export type PathReason =
  | 'granted'
  | 'not_gated'
  | 'ask_first'
  | 'refused_before'
  | 'denied'
  | 'agent_answers'
  | 'agent_silent'
  | 'agent_lost'
  | 'agent_back';

/** What to do. */
export interface PathPlan {
  /** `probe`: ask the agent and use it when it answers. `origin`: leave the agent alone. */
  readonly start: 'probe' | 'origin';
  /** Show the line that offers the agent. */
  readonly offer: boolean;
  readonly reason: PathReason;
}

/** The decision. Pure, so that every row of its table is a test. */
export function planPath(facts: PathFacts): PathPlan {
  // Browsers do not gate a request that stays on this PC, whatever the permission reads.
  if (facts.page === 'loopback') return { start: 'probe', offer: false, reason: 'not_gated' };
  switch (facts.permission) {
    case 'granted':
      return { start: 'probe', offer: false, reason: 'granted' };
    case 'absent':
      return { start: 'probe', offer: false, reason: 'not_gated' };
    case 'denied':
      return { start: 'origin', offer: false, reason: 'denied' };
    case 'prompt':
      // Measured on Chromium 156: an intranet page reads "prompt" and is not asked.
      if (facts.page === 'intranet') return { start: 'probe', offer: false, reason: 'not_gated' };
      if (facts.refused) return { start: 'origin', offer: false, reason: 'refused_before' };
      return { start: 'origin', offer: true, reason: 'ask_first' };
  }
}

/** How long the agent may take to answer before playback starts from the origin, ms. */
export const HELLO_BUDGET_MS = 300;
/** How long a late answer is still welcome, ms; then the page changes path while playing. */
export const LATE_HELLO_MS = 10_000;
/** How long a person may think about the browser's question, ms. */
export const PROMPT_BUDGET_MS = 120_000;

/** Whether `host` (a URL's hostname) is this PC. */
export function isLoopbackHost(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  return /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Where the page comes from. `declared` is the content of `<meta name="dms-portal-network">`,
 * `asked` the address's `portal` parameter, which can only make the page more careful.
 */
export function pageNetwork(host: string, declared: string | null, asked: string | null): PageNetwork {
  if (asked === 'public' || declared === 'public') return 'public';
  if (isLoopbackHost(host)) return 'loopback';
  return declared === 'intranet' ? 'intranet' : 'public';
}

/** Reads the browser's permission. Never raises its question. */
export async function readPermission(permissions: Permissions | undefined): Promise<Permission> {
  for (const name of ['loopback-network', 'local-network-access']) {
    try {
      const status = await permissions?.query({ name: name as PermissionName });
      if (status) return status.state;
    } catch {
      // A browser that does not know the name throws; the older name or none is left to try.
    }
  }
  return 'absent';
}
