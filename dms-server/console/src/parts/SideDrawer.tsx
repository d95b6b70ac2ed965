/** What opens beside a page. Its head is no second banner of the page, as the library's own would be. */

import { useLingui } from '@lingui/react/macro';
import { Drawer, Group } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly size?: 'md' | 'lg';
  readonly children: ReactNode;
}

export function SideDrawer({ opened, onClose, title, size = 'md', children }: Props) {
  const { t } = useLingui();
  return (
    <Drawer.Root opened={opened} onClose={onClose} position="right" size={size}>
      <Drawer.Overlay />
      <Drawer.Content>
        <Group justify="space-between" wrap="nowrap" p="md">
          <Drawer.Title>{title}</Drawer.Title>
          <Drawer.CloseButton aria-label={t`Close`} />
        </Group>
        <Drawer.Body>{children}</Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
