/** What the agent shares and with whom, as one of a few cases. Pure: the words are the page's. */

import type { Status } from './api';

export type Case =
  | { readonly kind: 'refused' | 'leaving' | 'battery' | 'metered' | 'vpn' | 'no_site' | 'away' }
  | { readonly kind: 'paused'; readonly untilMs: number | null }
  | { readonly kind: 'off' | 'taking'; readonly site: string }
  | { readonly kind: 'sharing'; readonly site: string; readonly others: number; readonly outside: number };

/** The case; the agent's refusal comes first, then why it does not give, then its site. */
export function caseOf(status: Status): Case {
  if (status.refused) return { kind: 'refused' };
  if (status.sharing === 'paused') return { kind: 'paused', untilMs: status.paused_until_ms };
  if (status.sharing !== 'on') return { kind: status.sharing };
  if (!status.site) return { kind: status.connected ? 'no_site' : 'away' };
  const site = status.site.name;
  if (status.site.peering === 'off') return { kind: 'off', site };
  if (status.site.peering === 'consume_only') return { kind: 'taking', site };
  return { kind: 'sharing', site, others: status.roster, outside: status.bytes.outside_today };
}

/** Seconds until the next midnight of this PC, at least one. */
export function untilTomorrow(now: Date): number {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
  return Math.max(1, Math.round((midnight.getTime() - now.getTime()) / 1_000));
}
