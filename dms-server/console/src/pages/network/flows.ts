/** What came to each site, as a matrix and as flows from the origin over the sites to the people who watch. Pure. */

import { type DeliverySite, offload, type Sums } from '~/api/delivery';
import type { Site } from '~/api/sites';

/** More sites than this are drawn together: a picture of hundreds says nothing. */
export const DRAWN_MAX = 30;

/** One site of the matrix; null: nothing is known. */
export interface Row {
  readonly id: string | null;
  readonly name: string;
  /** Bytes that never crossed the WAN, of all. */
  readonly offload: number | null;
  /** What came over the WAN on average, of the cap that holds now; null without a cap, too. */
  readonly use: number | null;
  readonly peers: number | null;
  readonly sums: Sums | null;
}

const NAMELESS = { offload: null, use: null, peers: null, sums: null } as const;

/** A row for each site that there is, and for whoever is in none and watched. */
export function matrixOf(
  sites: readonly Pick<Site, 'id' | 'name' | 'peers' | 'wan_cap_now_bytes_per_second'>[],
  deliveries: readonly DeliverySite[],
  longMs: number,
  nowhere: string,
): Row[] {
  const known = new Map(deliveries.map((delivery) => [delivery.site ?? null, delivery]));
  const rows: Row[] = sites.map(({ id, name, peers, wan_cap_now_bytes_per_second: cap }) => {
    const sums = known.get(id) ?? null;
    const perSecond = sums === null ? null : (sums.origin_bytes * 1000) / longMs;
    const use = cap === 0 || perSecond === null ? null : perSecond / cap;
    return { id, name, offload: sums && offload(sums), use, peers, sums };
  });
  const outside = known.get(null);
  return outside ? [...rows, { ...NAMELESS, id: null, name: nowhere, offload: offload(outside), sums: outside }] : rows;
}

/** How good a number is, 0 to 1, for its colour; null: nothing is known. */
export function goodness(row: Row, column: 'offload' | 'use' | 'peers', mostPeers: number): number | null {
  const value = row[column];
  if (value === null) return null;
  if (column === 'offload') return value;
  if (column === 'use') return Math.max(0, 1 - value);
  return mostPeers === 0 ? 0 : value / mostPeers;
}

/** A flow of bytes. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

/** What the ends of the flows are called. */
export interface Ends {
  readonly origin: string;
  readonly others: string;
  readonly overWan: string;
  readonly office: string;
  readonly nearby: string;
}

/** The flows, those of the smallest sites together. A name that an end has is not taken for it. */
export function flowsOf(rows: readonly Row[], ends: Ends): Flow[] {
  const bytesOf = ({ sums }: Row) => (sums ? sums.origin_bytes + sums.office_bytes + sums.nearby_bytes : 0);
  const sorted = rows.filter((row) => bytesOf(row) > 0).toSorted((a, b) => bytesOf(b) - bytesOf(a));
  const taken = new Set<string>(Object.values(ends));
  const flows = new Map<string, Flow>();
  const add = (from: string, to: string, bytes: number) => {
    if (bytes === 0) return;
    const key = JSON.stringify([from, to]);
    flows.set(key, { from, to, bytes: bytes + (flows.get(key)?.bytes ?? 0) });
  };
  sorted.forEach(({ name, sums }, at) => {
    if (!sums) return;
    let site = at < DRAWN_MAX ? name : ends.others;
    while (at < DRAWN_MAX && taken.has(site)) site += '\u00a0';
    if (at < DRAWN_MAX) taken.add(site);
    add(ends.origin, site, sums.origin_bytes);
    add(site, ends.overWan, sums.origin_bytes);
    add(site, ends.office, sums.office_bytes);
    add(site, ends.nearby, sums.nearby_bytes);
  });
  return [...flows.values()];
}
