/** How a page is registered: an area exports its pages from `src/pages/<area>/pages.ts`, and that is all. */

import type { MessageDescriptor } from '@lingui/core';
import type { Icon } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { admits, type Permission } from '~/session/session';

/** The groups of the navigation, in their order. */
export const GROUPS = ['content', 'network', 'system'] as const;

/** A part of a page, by what its address says after the question mark. */
export interface Place {
  readonly search: Readonly<Record<string, string>>;
  readonly title: MessageDescriptor;
  readonly may?: Permission;
}

export interface Page {
  /** Below `/console`, with `$name` for what varies: `/titles/$title`. */
  readonly path: string;
  readonly title: MessageDescriptor;
  /** What somebody must be allowed to do to see it; of several, one is enough. */
  readonly may?: Permission | readonly Permission[];
  /** Parts of it that have a name of their own: the palette leads there. */
  readonly places?: readonly Place[];
  /** Shown to who is not signed in, without the console around it. */
  readonly open?: boolean;
  /** Where it stands in the navigation; without it, it is reached from other pages. */
  readonly nav?: {
    readonly group: (typeof GROUPS)[number];
    readonly order: number;
    readonly icon: Icon;
    /** The key after `g` that leads here. */
    readonly key?: string;
  };
  readonly load: () => Promise<{ default: ComponentType }>;
}

const found = import.meta.glob<{ pages: readonly Page[] }>('../pages/*/pages.ts', { eager: true });

/** Every page of the console. */
export const PAGES: readonly Page[] = Object.values(found).flatMap(({ pages }) => pages);

/** The pages of the navigation that `may` lets somebody see, in order. */
export function navigation(pages: readonly Page[], may: readonly string[]): Page[] {
  const seen = pages.filter(({ nav, may: needed }) => nav && admits(needed, may));
  const rank = ({ nav }: Page) => (nav ? GROUPS.indexOf(nav.group) * 1000 + nav.order : 0);
  return seen.sort((a, b) => rank(a) - rank(b));
}
