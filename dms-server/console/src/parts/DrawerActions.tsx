/** The foot of a form in a drawer: what takes the thing away on one side, what keeps the change on the other. */

import { Trans } from '@lingui/react/macro';
import { Button, Group } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  /** What takes it away; null when there is nothing to take away yet. */
  readonly away: ReactNode;
  readonly busy: boolean;
  readonly close: () => void;
}

export function DrawerActions({ away, busy, close }: Props) {
  return (
    <Group justify="space-between" mt="xs">
      {away ?? <span />}
      <Group gap="xs">
        <Button variant="default" onClick={close}>
          <Trans>Cancel</Trans>
        </Button>
        <Button type="submit" loading={busy}>
          <Trans>Save</Trans>
        </Button>
      </Group>
    </Group>
  );
}
