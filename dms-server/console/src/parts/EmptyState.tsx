/** What a page shows that has nothing to show: what appears here, why nothing does, one action, one page of help. */

import { Trans } from '@lingui/react/macro';
import { Anchor, Group, Text, Title } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './EmptyState.module.css';

interface Props {
  readonly icon: Icon;
  /** Why it is empty. */
  readonly title: string;
  /** What appears here. */
  readonly children: ReactNode;
  readonly action?: ReactNode;
  /** Whether it is all of its page. */
  readonly whole?: boolean;
  /** A page of the documentation. */
  readonly help?: string;
}

export function EmptyState({ icon: Symbol, title, children, action, whole = false, help }: Props) {
  return (
    <div className={classes.empty}>
      <div className={classes.symbol}>
        <Symbol size={28} stroke={1.5} aria-hidden />
      </div>
      <Title order={whole ? 1 : 2} size="h2">
        {title}
      </Title>
      <Text c="dimmed" size="sm" maw={460}>
        {children}
      </Text>
      <Group gap="md" mt="xs" justify="center">
        {action}
        {help && (
          <Anchor href={help} size="sm" target="_blank" rel="noreferrer">
            <Trans>How it works</Trans>
          </Anchor>
        )}
      </Group>
    </div>
  );
}
