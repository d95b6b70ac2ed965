/** The list of keys over a page. Its head is no second banner of the page, as the library's own would be. */

import { useLingui } from '@lingui/react/macro';
import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  readonly opened: boolean;
  readonly close: () => void;
  readonly size?: string;
  readonly children: ReactNode;
}

export function KeysModal({ opened, close, size = 'md', children }: Props) {
  const { t } = useLingui();
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t`Keyboard shortcuts`}
      size={size}
      closeButtonProps={{ 'aria-label': t`Close` }}
      attributes={{ header: { role: 'presentation' } }}
    >
      {children}
    </Modal>
  );
}
