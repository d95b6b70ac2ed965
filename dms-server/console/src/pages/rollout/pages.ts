import { msg } from '@lingui/core/macro';
import { IconRocket } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/rollout',
    title: msg`Rollout`,
    may: 'devices',
    nav: { group: 'network', order: 20, icon: IconRocket, key: 'r' },
    load: () => import('./RolloutPage'),
  },
];
