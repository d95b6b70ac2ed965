/** The parts of the settings, and who may see each. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import type { Permission } from '~/session/session';

export interface SettingsTab {
  /** In the address. */
  readonly value: string;
  readonly title: MessageDescriptor;
  readonly may: Permission;
}

export const TABS: readonly SettingsTab[] = [
  { value: 'webhooks', title: msg`Webhooks`, may: 'settings' },
  { value: 'tokens', title: msg`API tokens`, may: 'settings' },
  { value: 'keys', title: msg`Keys`, may: 'keys' },
  { value: 'storage', title: msg`Storage`, may: 'metrics' },
  { value: 'transcode', title: msg`Transcode`, may: 'settings' },
  { value: 'branding', title: msg`Branding`, may: 'settings' },
  { value: 'backup', title: msg`Backup`, may: 'keys' },
  { value: 'identity', title: msg`Identity`, may: 'settings' },
  { value: 'portal', title: msg`Portal`, may: 'settings' },
  { value: 'look', title: msg`Appearance`, may: 'metrics' },
];
