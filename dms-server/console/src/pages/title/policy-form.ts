/** A policy as a form holds it: every field is a text, a number or a list. Pure. */

import type { Schema } from '~/api/client';
import { fromLocalInput, toLocalInput } from '~/parts/local-time';

export type PolicyBody = Schema<'PolicyBody'>;

export interface PolicyForm {
  readonly audience: 'everybody' | 'named';
  readonly groups: string[];
  readonly people: string[];
  readonly places: 'anywhere' | 'within';
  readonly sites: string[];
  readonly vpn: boolean;
  readonly from: string;
  readonly until: string;
  readonly embargo: string;
  /** Lines of the picture; empty: any. */
  readonly maxHeight: string;
  readonly offlineDays: number;
  readonly thirdParty: boolean;
  /** 0: any number. */
  readonly streams: number;
  readonly plan: 'free' | 'subscription' | 'rental';
  readonly collection: string;
  readonly rentalHours: number;
  /** Origins whose pages may show it in a frame, one a line. */
  readonly embed: string;
}

/** What the form shows for a policy. */
export function toForm(policy: PolicyBody): PolicyForm {
  const plan = policy.plan ?? { kind: 'free' };
  return {
    audience: policy.audience ? 'named' : 'everybody',
    groups: policy.audience?.groups ?? [],
    people: policy.audience?.people ?? [],
    places: policy.places ? 'within' : 'anywhere',
    sites: policy.places?.sites ?? [],
    vpn: policy.places?.vpn ?? false,
    from: toLocalInput(policy.from_ms),
    until: toLocalInput(policy.until_ms),
    embargo: toLocalInput(policy.embargo_ms),
    maxHeight: policy.max_height ? String(policy.max_height) : '',
    offlineDays: policy.offline_days ?? 0,
    thirdParty: policy.third_party_players ?? false,
    streams: policy.streams ?? 0,
    plan: plan.kind,
    collection: plan.kind === 'subscription' ? plan.collection : '',
    rentalHours: plan.kind === 'rental' ? Math.max(1, Math.round(plan.seconds / 3600)) : 48,
    embed: (policy.embed ?? []).join('\n'),
  };
}

function planOf({ plan, collection, rentalHours }: PolicyForm): Schema<'PlanBody'> {
  if (plan === 'subscription') return { kind: 'subscription', collection };
  return plan === 'rental' ? { kind: 'rental', seconds: rentalHours * 3600 } : { kind: 'free' };
}

/** The policy that the form says. */
export function toPolicy(form: PolicyForm): PolicyBody {
  return {
    audience: form.audience === 'named' ? { groups: form.groups, people: form.people } : null,
    places: form.places === 'within' ? { sites: form.sites, vpn: form.vpn } : null,
    from_ms: fromLocalInput(form.from),
    until_ms: fromLocalInput(form.until),
    embargo_ms: fromLocalInput(form.embargo),
    max_height: form.maxHeight === '' ? null : Number(form.maxHeight),
    offline_days: form.offlineDays,
    third_party_players: form.thirdParty,
    streams: form.streams > 0 ? form.streams : null,
    plan: planOf(form),
    embed: form.embed.split(/\s+/).filter((origin) => origin !== ''),
  };
}

/** What contradicts itself, before the server is asked. */
export type Conflict = 'ends_before_start' | 'embargo_after_end' | 'nowhere' | 'no_collection' | 'embed_any';

/** What is worth a word but may be meant. */
export type Remark = 'nobody' | 'over';

export function conflicts(form: PolicyForm): Conflict[] {
  const { from_ms: from, until_ms: until, embargo_ms: embargo, embed } = toPolicy(form);
  const found: Conflict[] = [];
  if (from != null && until != null && until <= from) found.push('ends_before_start');
  if (embargo != null && until != null && until <= embargo) found.push('embargo_after_end');
  if (form.places === 'within' && form.sites.length === 0 && !form.vpn) found.push('nowhere');
  if (form.plan === 'subscription' && form.collection === '') found.push('no_collection');
  if (form.audience === 'named' && embed?.includes('*')) found.push('embed_any');
  return found;
}

export function remarks(form: PolicyForm, nowMs: number): Remark[] {
  const until = fromLocalInput(form.until);
  const found: Remark[] = [];
  if (form.audience === 'named' && form.groups.length === 0 && form.people.length === 0) found.push('nobody');
  if (until !== null && until <= nowMs) found.push('over');
  return found;
}

/** The form's field that a pointer of the server is about; null when it has none. */
export function fieldOf(pointer: string): keyof PolicyForm | null {
  const fields: readonly (readonly [string, keyof PolicyForm])[] = [
    ['/audience/people', 'people'],
    ['/audience', 'groups'],
    ['/places', 'sites'],
    ['/from_ms', 'from'],
    ['/until_ms', 'until'],
    ['/embargo_ms', 'embargo'],
    ['/max_height', 'maxHeight'],
    ['/offline_days', 'offlineDays'],
    ['/third_party_players', 'thirdParty'],
    ['/streams', 'streams'],
    ['/plan/collection', 'collection'],
    ['/plan', 'plan'],
    ['/embed', 'embed'],
  ];
  return fields.find(([place]) => pointer === place || pointer.startsWith(`${place}/`))?.[1] ?? null;
}
