/** Campaigns: asking for them, and what they come to. */

import { api, ask, PAGE_LIMIT, type Schema } from './client';

export type Campaign = Schema<'CampaignView'>;
export type CampaignSite = Schema<'CampaignSite'>;

/** How often the progress of campaigns is asked for, ms. */
export const CAMPAIGNS_MS = 10_000;

export function listCampaigns(cursor: string | null): Promise<Schema<'Page_CampaignView'>> {
  return ask(api.GET('/api/v1/campaigns', { params: { query: { limit: PAGE_LIMIT, ...(cursor && { cursor }) } } }));
}

/** How much of it is done, 0 to 1; null: it does not run anywhere, so there is nothing to measure. */
export function progress(sites: readonly Pick<CampaignSite, 'chunks' | 'chunks_complete'>[]): number | null {
  const sum = (of: (site: (typeof sites)[number]) => number) => sites.reduce((total, site) => total + of(site), 0);
  const chunks = sum((site) => site.chunks);
  return chunks === 0 ? null : sum((site) => site.chunks_complete) / chunks;
}
