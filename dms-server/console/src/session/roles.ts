/** The roles by name, and which of them may do what. The server decides; this says it in words. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import { useLingui } from '@lingui/react';
import type { Schema } from '~/api/client';
import type { Permission } from './session';

export type Role = Schema<'Role'>;

export const ROLE_NAMES: Readonly<Record<Role, MessageDescriptor>> = {
  viewer: msg`Viewer`,
  publisher: msg`Publisher`,
  event_producer: msg`Event producer`,
  ad_operations: msg`Ad operations`,
  operator: msg`Operator`,
  auditor: msg`Auditor`,
  it_admin: msg`IT administrator`,
  owner: msg`Owner`,
};

/** Who may, besides owners, who may everything. */
const WHO: Readonly<Partial<Record<Permission, readonly Role[]>>> = {
  publish: ['publisher', 'event_producer'],
  campaigns: ['publisher', 'event_producer', 'it_admin'],
  read_network: ['publisher', 'event_producer', 'operator', 'auditor', 'it_admin'],
  network: ['it_admin'],
  read_devices: ['operator', 'auditor', 'it_admin'],
  devices: ['it_admin'],
  read_people: ['auditor', 'it_admin'],
  people: ['it_admin'],
  audit: ['operator', 'auditor'],
  metrics: ['operator', 'auditor', 'it_admin'],
  settings: ['it_admin'],
  ads: ['ad_operations'],
  events: ['event_producer'],
};

/** The names of the roles that may do it. */
export function useRolesThatMay(permission: Permission | undefined): string[] {
  const { _ } = useLingui();
  const roles = permission === undefined ? [] : (WHO[permission] ?? []);
  return [...roles, 'owner' as const].map((role) => _(ROLE_NAMES[role]));
}
