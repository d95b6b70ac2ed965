import { msg } from '@lingui/core/macro';
import { IconMovie } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/library',
    title: msg`Library`,
    nav: { group: 'content', order: 10, icon: IconMovie, key: 'l' },
    load: () => import('./Library'),
  },
];
