/** Campaigns: asking for them, and what they come to. */

import { api, ask, PAGE_LIMIT, type Schema } from './client';

export type Campaign = Schema<'CampaignView'>;
export type CampaignSite = Schema<'CampaignSite'>;

/** How often the progress of campaigns is asked for, ms. */
export const CAMPAIGNS_MS = 10_000;

export function listCampaigns(cursor: string | null): Promise<Schema<'Page_CampaignView'>> {
  return ask(api.GET('/api/v1/campaigns', { params: { query: { limit: PAGE_LIMIT, ...(cursor && { cursor }) } } }));
}
