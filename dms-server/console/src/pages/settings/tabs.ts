/** The parts of the settings: who may see each, and where it is. Each is loaded when it is first shown. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import type { ComponentType } from 'react';
import type { Permission } from '~/session/session';

export interface SettingsTab {
  /** In the address. */
  readonly value: string;
  readonly title: MessageDescriptor;
  readonly may: Permission;
  readonly load: () => Promise<{ default: ComponentType }>;
}

export const TABS: readonly SettingsTab[] = [
  { value: 'webhooks', title: msg`Webhooks`, may: 'settings', load: () => import('./WebhooksTab') },
  { value: 'tokens', title: msg`API tokens`, may: 'settings', load: () => import('./TokensTab') },
  { value: 'keys', title: msg`Keys`, may: 'keys', load: () => import('./KeysTab') },
  { value: 'storage', title: msg`Storage`, may: 'metrics', load: () => import('./StorageTab') },
  { value: 'identity', title: msg`Identity`, may: 'settings', load: () => import('./IdentityTab') },
  { value: 'portal', title: msg`Portal`, may: 'settings', load: () => import('./PortalTab') },
  { value: 'look', title: msg`Appearance`, may: 'metrics', load: () => import('./LookTab') },
];
