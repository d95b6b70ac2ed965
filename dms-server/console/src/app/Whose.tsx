/** The menu of who is signed in: its button, their name, and the two last items, whatever else is in it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Avatar, Menu, Text, UnstyledButton } from '@mantine/core';
import { IconDoorExit, IconKeyboard } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { signOut } from '~/session/sign-out';
import classes from './Whose.module.css';

interface Props {
  readonly name: string;
  /** What stands below the name. */
  readonly below: string;
  readonly showKeys: () => void;
  readonly children: ReactNode;
  /** What stands between the keys and signing out. */
  readonly elsewhere?: ReactNode;
}

export function Whose({ name, below, showKeys, children, elsewhere }: Props) {
  const { t } = useLingui();
  return (
    // Within the banner, and without a placeholder for the focus: nothing outside of landmarks, nothing in a menu that is no item.
    <Menu width={250} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton className={classes.person} aria-label={t`Menu of ${name}`}>
          <Avatar size={32} radius="xl" className={classes.avatar}>
            {name.slice(0, 1).toUpperCase()}
          </Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <Text fw={600} size="sm" truncate>
            {name}
          </Text>
          <Text c="dimmed" size="xs" truncate>
            {below}
          </Text>
        </div>
        <Menu.Divider />
        {children}
        <Menu.Item leftSection={<IconKeyboard size={16} />} rightSection="?" onClick={showKeys}>
          <Trans>Keyboard shortcuts</Trans>
        </Menu.Item>
        {elsewhere}
        <Menu.Item leftSection={<IconDoorExit size={16} />} onClick={() => void signOut()}>
          <Trans>Sign out</Trans>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
