/** Who is signed in, and what is theirs. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Avatar, Menu, Text, UnstyledButton } from '@mantine/core';
import { IconBookmark, IconDoorExit, IconKeyboard, IconSettings } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import person from '~/app/PersonMenu.module.css';
import { useSession } from '~/session/session';
import { signOut } from '~/session/sign-out';

export function Who({ showKeys }: { showKeys: () => void }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const session = useSession();
  if (!session) return null;
  const name = session.subject;
  return (
    // Within the banner, and without a placeholder for the focus: nothing outside of landmarks.
    <Menu width={240} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton className={person.person} aria-label={t`Menu of ${name}`}>
          <Avatar size={32} radius="xl" className={person.avatar}>
            {name.slice(0, 1).toUpperCase()}
          </Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={person.who}>
          <Text fw={600} size="sm" truncate>
            {name}
          </Text>
          <Text c="dimmed" size="xs" truncate>
            {session.tenant}
          </Text>
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<IconBookmark size={16} />} onClick={() => void navigate({ to: '/my' })}>
          <Trans>My page</Trans>
        </Menu.Item>
        <Menu.Item leftSection={<IconSettings size={16} />} onClick={() => void navigate({ to: '/settings' })}>
          <Trans>Settings</Trans>
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} />} rightSection="?" onClick={showKeys}>
          <Trans>Keyboard shortcuts</Trans>
        </Menu.Item>
        <Menu.Item leftSection={<IconDoorExit size={16} />} onClick={() => void signOut()}>
          <Trans>Sign out</Trans>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
