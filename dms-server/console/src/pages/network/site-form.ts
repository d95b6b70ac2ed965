/** What somebody typed about a site, and the body that it stands for. Pure. */

import { msg } from '@lingui/core/macro';
import type { MessageDescriptor } from '@lingui/core';
import type { Schema } from '~/api/client';
import { fromMbit, toMbit } from '~/parts/rates';
import type { Site } from '~/api/sites';

export interface SiteForm {
  readonly name: string;
  /** A subnet a line. */
  readonly subnets: string;
  readonly peering: string;
  readonly mbit: string;
}

export const NO_SITE: SiteForm = { name: '', subnets: '', peering: 'on', mbit: '' };

/** What to do about a WAN cap that is none. */
export const RATE_FIX: MessageDescriptor = msg`Give Mbit/s, such as 50; nothing is no cap.`;

export function formOf({ name, subnets, peering, wan_cap_bytes_per_second: cap }: Site): SiteForm {
  return { name, subnets: subnets.join('\n'), peering, mbit: toMbit(cap) };
}

/** The subnets of a text: one a line, or as they are copied from elsewhere. */
export function subnetsOf(text: string): string[] {
  return text.split(/[\s,;|]+/).filter((word) => word !== '');
}

/** The body; null when the WAN cap is none. */
export function bodyOf({ name, subnets, peering, mbit }: SiteForm): Schema<'SiteBody'> | null {
  const cap = fromMbit(mbit);
  return cap === null ? null : { name, subnets: subnetsOf(subnets), peering, wan_cap_bytes_per_second: cap };
}
