/** Devices in a table of any length. */

import { useLingui } from '@lingui/react/macro';
import { Text } from '@mantine/core';
import { type ReactNode, useMemo } from 'react';
import type { Device } from '~/api/devices';
import { type Column, DataTable } from '~/parts/DataTable';
import { bytes } from '~/parts/format';
import { State } from '~/parts/State';
import { Time } from '~/parts/Time';
import { DEVICE_STATES, SHARING } from './texts';

interface Props {
  readonly rows: readonly Device[];
  readonly siteNames: ReadonlyMap<string, string>;
  readonly open: (device: Device) => void;
  readonly more: (() => void) | null;
  readonly loading: boolean;
}

export function PeerTable({ rows, siteNames, open, more, loading }: Props) {
  const { t, i18n } = useLingui();
  const columns = useMemo<Column<Device>[]>(
    () => [
      { id: 'name', header: t`Name`, width: 'minmax(110px, 1.3fr)', cell: ({ name }) => <strong>{name}</strong> },
      {
        id: 'state',
        header: t`State`,
        width: '190px',
        cell: ({ state, peer }) => {
          const known = state === 'online' && peer ? SHARING[peer.sharing] : DEVICE_STATES[state];
          return <State tone={known?.tone ?? 'quiet'}>{known ? i18n._(known.name) : state}</State>;
        },
      },
      {
        id: 'site',
        header: t`Site`,
        width: 'minmax(80px, 1fr)',
        cell: ({ peer }) => siteOf(peer, siteNames, t`in no site`),
      },
      {
        id: 'version',
        header: t`Version`,
        width: '110px',
        wideOnly: true,
        cell: ({ peer }) => peer?.agent ?? <Quiet>–</Quiet>,
      },
      {
        id: 'given',
        header: t`Given`,
        width: '90px',
        numeric: true,
        wideOnly: true,
        cell: ({ peer }) => (peer ? bytes(peer.to_peers_bytes, i18n.locale) : <Quiet>–</Quiet>),
      },
      {
        id: 'key',
        header: t`Key`,
        width: '90px',
        wideOnly: true,
        cell: ({ key_level: level }) => level ?? <Quiet>–</Quiet>,
      },
      {
        id: 'enrolled',
        header: t`Enrolled`,
        width: '130px',
        wideOnly: true,
        cell: ({ enrolled_ms: ms }) => <Time ms={ms} />,
      },
    ],
    [t, i18n, siteNames],
  );
  return (
    <DataTable
      label={t`Peers`}
      rows={rows}
      columns={columns}
      idOf={({ id }) => id}
      open={open}
      more={more}
      loading={loading}
      rowHeight={46}
    />
  );
}

function siteOf(peer: Device['peer'], names: ReadonlyMap<string, string>, nowhere: string): ReactNode {
  if (!peer) return <Quiet>–</Quiet>;
  return peer.site ? (names.get(peer.site) ?? peer.site) : <Quiet>{nowhere}</Quiet>;
}

function Quiet({ children }: { children: ReactNode }) {
  return (
    <Text span size="sm" c="dimmed">
      {children}
    </Text>
  );
}
