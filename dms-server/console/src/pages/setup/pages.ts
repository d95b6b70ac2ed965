import { msg } from '@lingui/core/macro';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  { path: '/setup', title: msg`Set-up`, open: true, load: () => import('./Setup') },
];
