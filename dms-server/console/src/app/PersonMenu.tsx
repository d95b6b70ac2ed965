/** Who is signed in, and how they like the console: light or dark, which language, the keys; and signing out. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Avatar, type MantineColorScheme, Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import {
  IconDeviceDesktop,
  IconDoorExit,
  IconExternalLink,
  IconKeyboard,
  IconMoon,
  IconSun,
} from '@tabler/icons-react';
import { choose, LANGUAGES, type Language } from '~/i18n';
import { ROLE_NAMES } from '~/session/roles';
import { useSession } from '~/session/session';
import { signOut } from '~/session/sign-out';
import classes from './PersonMenu.module.css';

export function PersonMenu({ showKeys }: { showKeys: () => void }) {
  const { t, i18n } = useLingui();
  const session = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  if (!session) return null;
  const name = session.subject;
  const roles = session.roles.map((role) => i18n._(ROLE_NAMES[role])).join(', ');
  const schemes = [
    ['light', t`Light`, IconSun],
    ['dark', t`Dark`, IconMoon],
    ['auto', t`As the system`, IconDeviceDesktop],
  ] as const;
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
          <Text c="dimmed" size="xs">
            {roles}
          </Text>
        </div>
        <Menu.Divider />
        <Menu.Label>
          <Trans>Appearance</Trans>
        </Menu.Label>
        <Menu.RadioGroup value={colorScheme} onChange={(scheme) => setColorScheme(scheme as MantineColorScheme)}>
          {schemes.map(([scheme, label, Symbol]) => (
            <Menu.RadioItem key={scheme} value={scheme} rightSection={<Symbol size={16} />}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Label>
          <Trans>Language</Trans>
        </Menu.Label>
        <Menu.RadioGroup value={i18n.locale} onChange={(language) => void choose(language as Language)}>
          {Object.entries(LANGUAGES).map(([language, own]) => (
            <Menu.RadioItem key={language} value={language} lang={language} closeMenuOnClick>
              {own}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={16} />} rightSection="?" onClick={showKeys}>
          <Trans>Keyboard shortcuts</Trans>
        </Menu.Item>
        <Menu.Item leftSection={<IconExternalLink size={16} />} component="a" href="/">
          <Trans>Open the portal</Trans>
        </Menu.Item>
        <Menu.Item leftSection={<IconDoorExit size={16} />} onClick={() => void signOut()}>
          <Trans>Sign out</Trans>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
