import { msg } from '@lingui/core/macro';
import { IconHome } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/',
    title: msg`Home`,
    nav: { group: 'content', order: 0, icon: IconHome, key: 'h' },
    load: () => import('./Home'),
  },
];
