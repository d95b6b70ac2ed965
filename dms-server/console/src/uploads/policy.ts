/** The policy that a new title gets for who is to see it. */

import type { Schema } from '~/api/client';
import type { Audience } from './model';

/** What a title has without a policy of its own. */
export const OPEN_POLICY: Schema<'PolicyBody'> = {
  audience: null,
  places: null,
  from_ms: null,
  until_ms: null,
  embargo_ms: null,
  max_height: null,
  offline_days: 0,
  third_party_players: false,
  embed: [],
  streams: null,
  plan: { kind: 'free' },
};

/** The policy to write; null when it is what a title has anyway. */
export function policyFor(audience: Audience, me: string | null): Schema<'PolicyBody'> | null {
  switch (audience.kind) {
    case 'everybody':
      return null;
    case 'later':
      return { ...OPEN_POLICY, from_ms: audience.fromMs };
    case 'me':
      // A token of the installation is nobody who could be in an audience; nobody else is in it either.
      return { ...OPEN_POLICY, audience: { groups: [], people: me === null ? [] : [me] } };
  }
}
