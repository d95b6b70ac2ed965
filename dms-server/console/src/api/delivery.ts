/** Deliveries as players say them, and what is made of their sums. Pure but for asking. */

import { api, ask, type Schema } from './client';

export type TitleDelivery = Schema<'TitleDelivery'>;
export type DeliverySite = Schema<'DeliverySite'>;
export type Sums = Pick<
  DeliverySite,
  'origin_bytes' | 'office_bytes' | 'nearby_bytes' | 'played_ms' | 'stalled_ms' | 'views'
>;

/** How often new sums are asked for while somebody looks, ms: the server writes them every three seconds. */
export const DELIVERY_MS = 5_000;

/** What stands for "in no site" where a site is named. */
export const NO_SITE = '00000000-0000-0000-0000-000000000000';

/** Which time: up to now, or between two moments. */
export type Range =
  | { readonly kind: 'live'; readonly spanMs: number }
  | { readonly kind: 'fixed'; readonly fromMs: number; readonly untilMs: number };

export function timesOf(range: Range, nowMs: number): { from_ms: number; until_ms: number } {
  return range.kind === 'live'
    ? { from_ms: nowMs - range.spanMs, until_ms: nowMs }
    : { from_ms: range.fromMs, until_ms: range.untilMs };
}

export function askTitleDelivery(title: string, range: Range, site: string): Promise<TitleDelivery> {
  const query = { ...timesOf(range, Date.now()), ...(site !== '' && { site }) };
  return ask(api.GET('/api/v1/titles/{title}/delivery', { params: { path: { title }, query } }));
}

export function askSiteDeliveries(range: Range): Promise<Schema<'SiteDeliveries'>> {
  return ask(api.GET('/api/v1/delivery/sites', { params: { query: timesOf(range, Date.now()) } }));
}

/** The ranges that are offered, ms. */
export const SPANS_MS: readonly number[] = [3_600_000, 6 * 3_600_000, 24 * 3_600_000, 7 * 24 * 3_600_000];

/** The range that an address carries; what makes no sense is the last hour. */
export function rangeOf({ from, to, span }: { from: string; to: string; span: string }): Range {
  const [fromMs, untilMs, spanMs] = [Number(from), Number(to), Number(span)];
  if (from !== '' && to !== '' && fromMs >= 0 && untilMs > fromMs) return { kind: 'fixed', fromMs, untilMs };
  return { kind: 'live', spanMs: SPANS_MS.includes(spanMs) ? spanMs : (SPANS_MS[0] ?? 3_600_000) };
}

/** Bytes that never crossed the WAN for a view, of all; null before any came. */
export function offload({ origin_bytes: origin, office_bytes: office, nearby_bytes: nearby }: Sums): number | null {
  const all = origin + office + nearby;
  return all === 0 ? null : (office + nearby) / all;
}

/** The time that pictures stood still, of the time that people watched; null before anybody did. */
export function rebuffering({ played_ms: played, stalled_ms: stalled }: Sums): number | null {
  const all = played + stalled;
  return all === 0 ? null : stalled / all;
}

/** Above this it is noticed, and above the other it drives people away. */
export const REBUFFER_OK = 0.01;
export const REBUFFER_BAD = 0.03;

export function rebufferTone(ratio: number | null): 'ok' | 'warn' | 'bad' | 'quiet' {
  if (ratio === null) return 'quiet';
  return ratio < REBUFFER_OK ? 'ok' : ratio <= REBUFFER_BAD ? 'warn' : 'bad';
}

/** All of them together. */
export function sumOf(all: readonly Sums[]): Sums {
  const sum = { origin_bytes: 0, office_bytes: 0, nearby_bytes: 0, played_ms: 0, stalled_ms: 0, views: 0 };
  for (const one of all) for (const name of Object.keys(sum) as (keyof Sums)[]) sum[name] += one[name];
  return sum;
}

/** The numbers of a chart over time; null where players said nothing. */
export interface Timeline {
  readonly timesMs: number[];
  /** Bytes per second. */
  readonly origin: (number | null)[];
  readonly office: (number | null)[];
  readonly nearby: (number | null)[];
  readonly rebuffering: (number | null)[];
  /** People who watched at a time, on average. */
  readonly viewers: (number | null)[];
}

export function timeline({ from_ms: from, until_ms: until, step_ms: step, steps }: Omit<TitleDelivery, 'sites'>): Timeline {
  const known = new Map(steps.map((one) => [one.at_ms, one]));
  const line: Timeline = { timesMs: [], origin: [], office: [], nearby: [], rebuffering: [], viewers: [] };
  for (let at = Math.floor(from / step) * step; at < until; at += step) {
    const sums = known.get(at) ?? null;
    const each = (bytes: number | undefined) => (bytes === undefined ? null : (bytes * 1000) / step);
    line.timesMs.push(at);
    line.origin.push(each(sums?.origin_bytes));
    line.office.push(each(sums?.office_bytes));
    line.nearby.push(each(sums?.nearby_bytes));
    line.rebuffering.push(sums && rebuffering(sums));
    line.viewers.push(sums && sums.played_ms / step);
  }
  return line;
}
