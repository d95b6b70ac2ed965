/** How much is done, as a bar and in percent; "not begun" is no 0%. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Group, Progress, Text } from '@mantine/core';
import { percent } from '~/parts/format';

export function Done({ of, ratio }: { of: string; ratio: number | null }) {
  const { t, i18n } = useLingui();
  if (ratio === null) {
    return (
      <Text span size="sm" c="dimmed">
        <Trans>not begun</Trans>
      </Text>
    );
  }
  const whole = Math.floor(ratio * 100) / 100;
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress.Root flex={1} size="md">
        <Progress.Section
          value={whole * 100}
          color={whole >= 1 ? 'var(--ok)' : 'var(--busy)'}
          aria-label={t`Progress of ${of}`}
        />
      </Progress.Root>
      <Text span size="sm" className="tabular" w={44} ta="end">
        {percent(whole, i18n.locale)}
      </Text>
    </Group>
  );
}
