/** A page that broke while it was drawn. */

import { Container } from '@mantine/core';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { ErrorState } from '~/parts/ErrorState';

export function PageError({ error, reset }: ErrorComponentProps) {
  return (
    <Container size="sm" py={80}>
      <ErrorState error={error} retry={reset} />
    </Container>
  );
}
