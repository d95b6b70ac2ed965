/** The shape of what is coming, while it is being loaded. */

import { useLingui } from '@lingui/react/macro';
import { Skeleton, Stack } from '@mantine/core';

/** `rows` rows of a table, or lines of a card. */
export function Loading({ rows = 6, height = 44 }: { rows?: number; height?: number }) {
  const { t } = useLingui();
  return (
    <Stack gap="xs" role="status" aria-label={t`Loading`}>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} h={height} radius="md" />
      ))}
    </Stack>
  );
}
