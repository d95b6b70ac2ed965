import { msg } from '@lingui/core/macro';
import { IconHistory } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/audit',
    title: msg`Audit log`,
    may: 'audit',
    nav: { group: 'system', order: 90, icon: IconHistory, key: 'a' },
    load: () => import('./AuditPage'),
  },
];
