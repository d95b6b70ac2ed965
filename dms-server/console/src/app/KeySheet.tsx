/** The keys of the console: those that work everywhere, and the ways to its pages. */

import { useLingui } from '@lingui/react/macro';
import { SimpleGrid } from '@mantine/core';
import { type KeyLine, KeyList } from '~/parts/KeyList';
import { KeysModal } from '~/parts/KeysModal';
import { useSession } from '~/session/session';
import { navigation, PAGES } from './page';

export function KeySheet({ opened, close }: { opened: boolean; close: () => void }) {
  const { t, i18n } = useLingui();
  const session = useSession();
  const may = session?.may ?? [];
  const everywhere: readonly KeyLine[] = [
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
    <KeysModal opened={opened} close={close} size="lg">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        <KeyList title={t`Everywhere`} lines={everywhere} />
        <KeyList title={t`Go to`} lines={places} />
      </SimpleGrid>
    </KeysModal>
  );
}
