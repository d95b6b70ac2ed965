/** What somebody typed about a site, and the body that it stands for. Pure. */

import { msg } from '@lingui/core/macro';
import type { MessageDescriptor } from '@lingui/core';
import type { Schema } from '~/api/client';
import { fromMbit, toMbit } from '~/parts/rates';
import type { Site } from '~/api/sites';
import { type HoursForm, hoursFormOf, readHours } from './week';

export interface SiteForm {
  readonly name: string;
  /** A subnet a line. */
  readonly subnets: string;
  readonly peering: string;
  readonly mbit: string;
  readonly hours: HoursForm;
}

export const NO_SITE: SiteForm = { name: '', subnets: '', peering: 'on', mbit: '', hours: { offset: 0, windows: [] } };

/** What to do about a WAN cap that is none. */
export const RATE_FIX: MessageDescriptor = msg`Give Mbit/s, such as 50; nothing is no cap.`;

export function formOf({ name, subnets, peering, wan_cap_bytes_per_second: cap, wan_hours: hours }: Site): SiteForm {
  return { name, subnets: subnets.join('\n'), peering, mbit: toMbit(cap), hours: hoursFormOf(hours) };
}

/** The subnets of a text: one a line, or as they are copied from elsewhere. */
export function subnetsOf(text: string): string[] {
  return text.split(/[\s,;|]+/).filter((word) => word !== '');
}

/** The body; the part of it, as a JSON pointer, whose WAN cap is none. */
export function bodyOf({ name, subnets, peering, mbit, hours }: SiteForm): Schema<'SiteBody'> | string {
  const cap = fromMbit(mbit);
  if (cap === null) return '/wan_cap_bytes_per_second';
  const read = readHours(hours);
  if (typeof read === 'number') return `/wan_hours/windows/${read}/wan_cap_bytes_per_second`;
  return { name, subnets: subnetsOf(subnets), peering, wan_cap_bytes_per_second: cap, wan_hours: read };
}
