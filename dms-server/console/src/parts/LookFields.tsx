/** Light or dark, and which language: of this browser. */

import { useLingui } from '@lingui/react/macro';
import { type MantineColorScheme, Radio, SimpleGrid, Stack, useMantineColorScheme } from '@mantine/core';
import { LANGUAGES, type Language } from '~/i18n/languages';

interface Props {
  /** Turns a language on, from the catalogues of this page. */
  readonly choose: (language: Language) => Promise<void>;
  readonly description?: string;
}

export function LookFields({ choose, description }: Props) {
  const { t, i18n } = useLingui();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const schemes = [
    ['light', t`Light`],
    ['dark', t`Dark`],
    ['auto', t`As the system`],
  ] as const;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <Radio.Group
        label={t`Appearance`}
        description={description}
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
        description={description}
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
  );
}
