/** Light or dark, and the language: of this browser. */

import { useLingui } from '@lingui/react/macro';
import { Radio, SimpleGrid, Stack, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { choose, LANGUAGES, type Language } from '~/i18n';
import { Panel } from '~/parts/Panel';

export default function LookTab() {
  const { t, i18n } = useLingui();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const schemes = [
    ['light', t`Light`],
    ['dark', t`Dark`],
    ['auto', t`As the system`],
  ] as const;
  return (
    <Panel>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Radio.Group
          label={t`Appearance`}
          description={t`Kept in this browser.`}
          value={colorScheme}
          onChange={(next) => setColorScheme(next as MantineColorScheme)}
        >
          <Stack gap="xs" mt="sm">
            {schemes.map(([value, label]) => (
              <Radio key={value} value={value} label={label} />
            ))}
          </Stack>
        </Radio.Group>
        <Radio.Group
          label={t`Language`}
          description={t`Kept in this browser.`}
          value={i18n.locale}
          onChange={(next) => void choose(next as Language)}
        >
          <Stack gap="xs" mt="sm">
            {Object.entries(LANGUAGES).map(([value, own]) => (
              <Radio key={value} value={value} label={<span lang={value}>{own}</span>} />
            ))}
          </Stack>
        </Radio.Group>
      </SimpleGrid>
    </Panel>
  );
}
