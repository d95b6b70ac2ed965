/** Says that something was done which the server can take back, with the button that does. */

import { Trans } from '@lingui/react/macro';
import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ReactNode } from 'react';

/** How long the button stays in the corner, ms; other places have it for longer. */
const SHOWN_MS = 20_000;

export function reversible(message: ReactNode, undo: () => void): void {
  const id = crypto.randomUUID();
  const takeBack = () => {
    notifications.hide(id);
    undo();
  };
  notifications.show({
    id,
    autoClose: SHOWN_MS,
    withCloseButton: false,
    color: 'green',
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button size="xs" variant="default" onClick={takeBack}>
          <Trans>Undo</Trans>
        </Button>
      </Group>
    ),
  });
}
