/** A card on a page, with a title of its own. */

import { Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './Panel.module.css';

interface Props {
  readonly title?: string;
  readonly actions?: ReactNode;
  /** Without room around its content, as a list has its own. */
  readonly flush?: boolean;
  readonly children: ReactNode;
}

export function Panel({ title, actions, flush = false, children }: Props) {
  return (
    <section className={classes.panel} aria-label={title}>
      {(title || actions) && (
        <Group justify="space-between" className={classes.head}>
          {title && <Title order={2}>{title}</Title>}
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
      )}
      <div className={flush ? undefined : classes.body}>{children}</div>
    </section>
  );
}
