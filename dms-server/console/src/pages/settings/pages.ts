import { msg } from '@lingui/core/macro';
import { IconSettings } from '@tabler/icons-react';
import type { Page } from '~/app/page';
import { TABS } from './tabs';

export const pages: readonly Page[] = [
  {
    path: '/settings',
    title: msg`Settings`,
    may: ['settings', 'metrics'],
    places: TABS.map(({ value, title, may }) => ({ search: { tab: value }, title, may })),
    nav: { group: 'system', order: 80, icon: IconSettings, key: 's' },
    load: () => import('./SettingsPage'),
  },
];
