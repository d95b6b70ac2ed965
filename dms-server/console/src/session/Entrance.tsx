/** The frame of what is shown before the console: a card in the middle. */

import { Box, Paper, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Brand } from '~/app/Brand';
import classes from './Entrance.module.css';

interface Props {
  readonly title: string;
  readonly lead?: string;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

export function Entrance({ title, lead, wide, children }: Props) {
  return (
    <main className={classes.room}>
      <Box className={wide ? classes.wide : classes.narrow}>
        <Box mb="lg">
          <Brand />
        </Box>
        <Paper withBorder p={wide ? 'xl' : 'lg'} radius="lg" className={classes.card}>
          <Title order={1} mb={lead ? 4 : 'md'}>
            {title}
          </Title>
          {lead && (
            <Text c="dimmed" size="sm" mb="lg">
              {lead}
            </Text>
          )}
          {children}
        </Paper>
      </Box>
    </main>
  );
}
