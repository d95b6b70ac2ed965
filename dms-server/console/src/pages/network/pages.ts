import { msg } from '@lingui/core/macro';
import { IconNetwork } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/network',
    title: msg`Network`,
    may: 'read_network',
    nav: { group: 'network', order: 10, icon: IconNetwork, key: 'n' },
    load: () => import('./NetworkPage'),
  },
  {
    path: '/network/import',
    title: msg`Import sites`,
    may: 'network',
    load: () => import('./ImportPage'),
  },
];
