import { msg } from '@lingui/core/macro';
import { IconUpload } from '@tabler/icons-react';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  {
    path: '/uploads',
    title: msg`Uploads`,
    may: 'publish',
    nav: { group: 'content', order: 20, icon: IconUpload, key: 'u' },
    load: () => import('./UploadsPage'),
  },
];
