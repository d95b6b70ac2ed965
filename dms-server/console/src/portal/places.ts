/** The pages of the portal. The server answers these paths, and only these, with the portal. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import type { ComponentType } from 'react';

export interface Place {
  readonly path: string;
  readonly title: MessageDescriptor;
  /** The key after `g` that leads here; those that have one stand in the navigation. */
  readonly key?: string;
  /** Without navigation and search around it. */
  readonly bare?: boolean;
  readonly load: () => Promise<{ default: ComponentType }>;
}

export const PLACES: readonly Place[] = [
  { path: '/', title: msg`Home`, key: 'h', load: () => import('./pages/Home') },
  { path: '/all', title: msg`All videos`, key: 'a', load: () => import('./pages/All') },
  { path: '/my', title: msg`My page`, key: 'm', load: () => import('./pages/My') },
  { path: '/search', title: msg`Search`, load: () => import('./pages/Search') },
  { path: '/settings', title: msg`Settings`, key: 's', load: () => import('./pages/Settings') },
  { path: '/device', title: msg`Let a command line in`, bare: true, load: () => import('./pages/Device') },
];
