import { msg } from '@lingui/core/macro';
import type { Page } from '~/app/page';

export const pages: readonly Page[] = [
  { path: '/titles/$title', title: msg`Title`, load: () => import('./TitlePage') },
];
