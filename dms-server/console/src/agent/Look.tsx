/** Light or dark, and which language. */

import { useLingui } from '@lingui/react/macro';
import { Group, type MantineColorScheme, NativeSelect, useMantineColorScheme } from '@mantine/core';
import { LANGUAGES, type Language } from '~/i18n/languages';
import { choose } from './language';

export function Look() {
  const { t, i18n } = useLingui();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Group gap="xs">
      <NativeSelect
        size="xs"
        aria-label={t`Appearance`}
        value={colorScheme}
        onChange={(event) => setColorScheme(event.currentTarget.value as MantineColorScheme)}
        data={[
          { value: 'auto', label: t`As the system` },
          { value: 'light', label: t`Light` },
          { value: 'dark', label: t`Dark` },
        ]}
      />
      <NativeSelect
        size="xs"
        aria-label={t`Language`}
        value={i18n.locale}
        onChange={(event) => void choose(event.currentTarget.value as Language)}
        data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
      />
    </Group>
  );
}
