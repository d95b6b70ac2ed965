import { msg } from '@lingui/core/macro';
import { IconUserQuestion } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/requests',
    title: msg`Access requests`,
    may: 'publish',
    nav: { group: 'content', order: 30, icon: IconUserQuestion, key: 'q' },
    load: () => import('./RequestsPage'),
  },
];
