import { msg } from '@lingui/core/macro';
import { IconUsers } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/people',
    title: msg`People`,
    may: 'read_people',
    nav: { group: 'system', order: 10, icon: IconUsers, key: 'p' },
    load: () => import('./PeoplePage'),
  },
];
