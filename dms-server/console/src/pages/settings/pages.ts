import { msg } from '@lingui/core/macro';
import { IconSettings } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/settings',
    title: msg`Settings`,
    may: 'settings',
    nav: { group: 'system', order: 80, icon: IconSettings, key: 's' },
    load: () => import('./SettingsPage'),
  },
];
