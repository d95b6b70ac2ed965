/** The keys of the portal. */

import { useLingui } from '@lingui/react/macro';
import { type KeyLine, KeyList } from '~/parts/KeyList';
import { KeysModal } from '~/parts/KeysModal';
import { PLACES } from './places';

export default function Keys({ close }: { close: () => void }) {
  const { t, i18n } = useLingui();
  const lines: readonly KeyLine[] = [
    [['/'], t`Search`],
    [['Ctrl', 'K'], t`Search or go to`],
    ...PLACES.flatMap(({ key, title }) => (key ? [[['g', key], i18n._(title)] as const] : [])),
    [['←', '→'], t`Along a row`],
    [['↑', '↓'], t`Along the results of a search`],
    [['Esc'], t`Close`],
    [['?'], t`This list`],
  ];
  return (
    <KeysModal opened close={close}>
      <KeyList lines={lines} />
    </KeysModal>
  );
}
