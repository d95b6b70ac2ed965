/** The list of keys. Its head is no second banner of the page, as the library's own would be. */

import { useLingui } from '@lingui/react/macro';
import { Group, Kbd, Modal, SimpleGrid, Stack, Text } from '@mantine/core';
import { useSession } from '~/session/session';
import { navigation, PAGES } from './page';

export function KeySheet({ opened, close }: { opened: boolean; close: () => void }) {
  const { t, i18n } = useLingui();
  const session = useSession();
  const may = session?.may ?? [];
  const everywhere: readonly (readonly [readonly string[], string])[] = [
    [['Ctrl', 'K'], t`Search or go to`],
    [['/'], t`Search this page`],
    ...(may.includes('publish') ? ([[['u'], t`Upload`]] as const) : []),
    [['j'], t`Next row`],
    [['k'], t`Previous row`],
    [['Enter'], t`Open the row`],
    [['Esc'], t`Close`],
    [['?'], t`This list`],
  ];
  const places = navigation(PAGES, may).flatMap(({ nav, title }) =>
    nav?.key ? [[['g', nav.key], i18n._(title)] as const] : [],
  );
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t`Keyboard shortcuts`}
      size="lg"
      closeButtonProps={{ 'aria-label': t`Close` }}
      attributes={{ header: { role: 'presentation' } }}
    >
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        <Keys title={t`Everywhere`} keys={everywhere} />
        <Keys title={t`Go to`} keys={places} />
      </SimpleGrid>
    </Modal>
  );
}

function Keys({ title, keys }: { title: string; keys: readonly (readonly [readonly string[], string])[] }) {
  return (
    <Stack gap={6}>
      <Text fw={600} size="sm">
        {title}
      </Text>
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
  );
}
