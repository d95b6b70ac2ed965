/** An address that leads nowhere. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Container } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { EmptyState } from '~/parts/EmptyState';

export function NotFound() {
  const { t } = useLingui();
  const home = (
    <Button component={Link} to="/">
      <Trans>Go to Home</Trans>
    </Button>
  );
  return (
    <Container component="main" size="sm" py={80}>
      <EmptyState whole icon={IconMapOff} title={t`There is no such page`} action={home}>
        <Trans>The link is old or was cut off. Everything is reached from Home.</Trans>
      </EmptyState>
    </Container>
  );
}
