/** The list of keys. */

import { useLingui } from '@lingui/react/macro';
import { Group, Kbd, Modal, Stack, Text } from '@mantine/core';
import { PLACES } from './places';

export default function Keys({ close }: { close: () => void }) {
  const { t, i18n } = useLingui();
  const keys: readonly (readonly [readonly string[], string])[] = [
    [['/'], t`Search`],
    [['Ctrl', 'K'], t`Search or go to`],
    ...PLACES.flatMap(({ key, title }) => (key ? [[['g', key], i18n._(title)] as const] : [])),
    [['←', '→'], t`Along a row`],
    [['↑', '↓'], t`Along the results of a search`],
    [['Esc'], t`Close`],
    [['?'], t`This list`],
  ];
  return (
    <Modal
      opened
      onClose={close}
      title={t`Keyboard shortcuts`}
      closeButtonProps={{ 'aria-label': t`Close` }}
      attributes={{ header: { role: 'presentation' } }}
    >
      <Stack gap={6}>
        {keys.map(([pressed, what]) => (
          <Group key={what} justify="space-between" wrap="nowrap">
            <Text size="sm">{what}</Text>
            <Group gap={4} wrap="nowrap">
              {pressed.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
      </Stack>
    </Modal>
  );
}
