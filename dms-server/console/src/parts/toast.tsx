/** Short messages in the corner; and acts that wait ten seconds for a change of mind instead of asking first. */

import { i18n } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import { Trans } from '@lingui/react/macro';
import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCheck, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Undoing } from './undo';

/** How long somebody may change their mind, ms. */
export const UNDO_MS = 10_000;

const undoing = new Undoing(UNDO_MS);

// What was decided is done when the page is left, too: a request may outlive it.
addEventListener('pagehide', () => undoing.finishAll());

/** The cross of a message has a name, too. */
function closable() {
  return { closeButtonProps: { 'aria-label': i18n._(msg`Close`) } };
}

/** Says that something was done. */
export function done(message: ReactNode): void {
  notifications.show({ message, color: 'green', icon: <IconCheck size={16} />, autoClose: 4_000, ...closable() });
}

/** Says that something failed. */
export function failed(message: ReactNode): void {
  notifications.show({ message, color: 'red', icon: <IconX size={16} />, autoClose: 10_000, role: 'alert', ...closable() });
}

/** Does `act` in ten seconds unless it is undone; `hide` shows at once what it will look like, `show` takes that back. */
export function undoable(what: { message: ReactNode; act: () => void; hide?: () => void; show?: () => void }): void {
  const id = crypto.randomUUID();
  what.hide?.();
  undoing.add(id, what.act);
  const takeBack = () => {
    if (undoing.cancel(id)) what.show?.();
    notifications.hide(id);
  };
  notifications.show({
    id,
    autoClose: UNDO_MS,
    withCloseButton: false,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{what.message}</Text>
        <Button size="xs" variant="default" onClick={takeBack}>
          <Trans>Undo</Trans>
        </Button>
      </Group>
    ),
  });
}
