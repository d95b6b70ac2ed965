/** Who is signed in, and how they like the console: light or dark, and which language. */

import { Trans, useLingui } from '@lingui/react/macro';
import { type MantineColorScheme, Menu, useMantineColorScheme } from '@mantine/core';
import { IconDeviceDesktop, IconExternalLink, IconMoon, IconSun } from '@tabler/icons-react';
import { choose, LANGUAGES, type Language } from '~/i18n';
import { ROLE_NAMES } from '~/session/roles';
import { useSession } from '~/session/session';
import { Whose } from './Whose';

export function PersonMenu({ showKeys }: { showKeys: () => void }) {
  const { t, i18n } = useLingui();
  const session = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  if (!session) return null;
  const roles = session.roles.map((role) => i18n._(ROLE_NAMES[role])).join(', ');
  const schemes = [
    ['light', t`Light`, IconSun],
    ['dark', t`Dark`, IconMoon],
    ['auto', t`As the system`, IconDeviceDesktop],
  ] as const;
  const portal = (
    <Menu.Item leftSection={<IconExternalLink size={16} />} component="a" href="/">
      <Trans>Open the portal</Trans>
    </Menu.Item>
  );
  return (
    <Whose name={session.subject} below={roles} showKeys={showKeys} elsewhere={portal}>
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
    </Whose>
  );
}
