/** The store's file system as a bar, and the same as a table. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Table } from '@mantine/core';
import type { Schema } from '~/api/client';
import { bytes, percent } from '~/parts/format';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import classes from './Room.module.css';
import { type Share, shares } from './room';

/** With less than this share of the disk free, it is time to do something. */
const LITTLE = 0.1;

export function Room({ storage }: { storage: Schema<'Storage'> }) {
  const { t, i18n } = useLingui();
  const names: Readonly<Record<Share['what'], string>> = {
    titles: t`Published titles`,
    building: t`Being made`,
    waiting: t`Waiting to be removed`,
    other: t`Anything else on this disk`,
    free: t`Free`,
  };
  const parts = shares(storage);
  const whole = parts.reduce((sum, { bytes: part }) => sum + part, 0);
  const size = (count: number) => bytes(count, i18n.locale);
  const room = storage.room;
  const scarce = room !== null && room !== undefined && room.free_bytes < room.size_bytes * LITTLE;
  const said = parts.map(({ what, bytes: part }) => `${names[what]}: ${size(part)}`).join(', ');
  return (
    <Panel title={t`Room`}>
      {scarce && (
        <Notice kind="warn" title={t`Little room is left`}>
          <Trans>A full disk stops uploads and publishing; what is published is served on. Delete titles, or enlarge the disk.</Trans>
        </Notice>
      )}
      <div className={classes.bar} role="img" aria-label={said}>
        {parts.map(({ what, bytes: part }) => (
          <div key={what} className={classes.part} data-what={what} style={{ flexGrow: part }} />
        ))}
      </div>
      <Table aria-label={t`Room`}>
        <Table.Tbody>
          {parts.map(({ what, bytes: part }) => (
            <Table.Tr key={what}>
              <Table.Td>
                <span className={classes.mark} data-what={what} aria-hidden />
                {names[what]}
              </Table.Td>
              <Table.Td ta="end" className="tabular">
                {size(part)}
              </Table.Td>
              <Table.Td ta="end" className="tabular">
                {whole > 0 ? percent(part / whole, i18n.locale, 1) : '–'}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Panel>
  );
}
