/** How far a campaign is. Pure. */

import type { CampaignSite } from '~/api/campaigns';

/** How much of it is done, 0 to 1; null: it does not run anywhere, so there is nothing to measure. */
export function progress(sites: readonly Pick<CampaignSite, 'chunks' | 'chunks_complete'>[]): number | null {
  const sum = (of: (site: (typeof sites)[number]) => number) => sites.reduce((total, site) => total + of(site), 0);
  const chunks = sum((site) => site.chunks);
  return chunks === 0 ? null : sum((site) => site.chunks_complete) / chunks;
}
