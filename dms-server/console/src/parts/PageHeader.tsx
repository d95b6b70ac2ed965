/** The head of a page: where it is, what it is called, what it is for, and its actions. */

import { useLingui } from '@lingui/react/macro';
import { Group, Text, Title } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import classes from './PageHeader.module.css';

interface Props {
  readonly title: string;
  readonly lead?: ReactNode;
  /** The page above this one. */
  readonly above?: { readonly to: string; readonly title: string };
  /** Beside the title, such as a state. */
  readonly mark?: ReactNode;
  readonly actions?: ReactNode;
}

export function PageHeader({ title, lead, above, mark, actions }: Props) {
  const { t } = useLingui();
  return (
    <header className={classes.header}>
      <div className={classes.words}>
        {above && (
          <nav aria-label={t`You are here`} className={classes.above}>
            <Link to={above.to}>{above.title}</Link>
            <IconChevronRight size={14} aria-hidden />
          </nav>
        )}
        <Group gap="sm">
          <Title order={1} className={classes.title}>
            {title}
          </Title>
          {mark}
        </Group>
        {lead && (
          <Text c="dimmed" size="sm" mt={4} maw={720} component="div">
            {lead}
          </Text>
        )}
      </div>
      {actions && <Group gap="xs">{actions}</Group>}
    </header>
  );
}
