import { msg } from '@lingui/core/macro';
import { IconTruckDelivery } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/campaigns',
    title: msg`Campaigns`,
    may: 'read_network',
    nav: { group: 'network', order: 30, icon: IconTruckDelivery, key: 'c' },
    load: () => import('./CampaignsPage'),
  },
  {
    path: '/campaigns/$campaign',
    title: msg`Campaign`,
    may: 'read_network',
    load: () => import('./CampaignPage'),
  },
];
