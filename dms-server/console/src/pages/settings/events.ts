/** The event types that a webhook may be sent; the server refuses others. */
export const EVENTS = [
  'upload.completed',
  'title.complete',
  'title.failed',
  'title.deleted',
  'peer.enrolled',
  'peer.revoked',
  'campaign.finished',
] as const;
