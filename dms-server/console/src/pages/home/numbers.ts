/** Numbers out of what the API tells; null where it tells nothing that means something. Pure. */

import type { Schema } from '~/api/client';

type Sites = readonly Pick<Schema<'SiteView'>, 'peers' | 'origin_bytes' | 'distinct_bytes'>[];

/** PCs connected at all sites; null when there is no site. */
export function peersNow(sites: Sites | undefined): number | null {
  if (!sites || sites.length === 0) return null;
  return sites.reduce((sum, { peers }) => sum + peers, 0);
}

/** How often each piece crossed a WAN, over all sites; null before any did. */
export function wanCopies(sites: Sites | undefined): number | null {
  const origin = sites?.reduce((sum, site) => sum + site.origin_bytes, 0) ?? 0;
  const distinct = sites?.reduce((sum, site) => sum + site.distinct_bytes, 0) ?? 0;
  return distinct === 0 ? null : Math.round((100 * origin) / distinct) / 100;
}

/** Hours that were played; null when nobody asked for a licence in that time. */
export function hoursPlayed(ledger: { items: readonly { played_s: number }[] } | undefined): number | null {
  if (!ledger || ledger.items.length === 0) return null;
  return Math.round(ledger.items.reduce((sum, { played_s }) => sum + played_s, 0) / 360) / 10;
}
