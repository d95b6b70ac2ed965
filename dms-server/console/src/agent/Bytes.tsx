/** Every class of bytes of today. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { bytes } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { Panel } from '~/parts/Panel';
import type { Today } from './api';
import classes from './Page.module.css';
import { today } from './queries';

type What = keyof Today['moved'];

export function Bytes() {
  const { t, i18n } = useLingui();
  const { data } = useQuery(today);
  const rows: readonly (readonly [What, string, boolean])[] = [
    ['peers', t`To PCs of your office that ask this one`, false],
    ['bytes', t`of it encrypted video`, true],
    ['outside', t`of that over the internet`, true],
    ['peer_requests', t`Questions to PCs of your office: which pieces`, false],
    ['origin_requests', t`Questions to the server: which pieces`, false],
    ['control', t`To the server: what this PC holds and gives, and requests for licences`, false],
    ['reports', t`To the server: renewals and what was played`, false],
  ];
  const came: readonly (readonly [What, string])[] = [
    ['from_peers', t`From PCs of your office`],
    ['from_origin', t`From the server`],
    ['players', t`To players on this PC; it does not leave it`],
  ];
  if (!data) {
    return (
      <Panel title={t`Sent and received today`}>
        <Loading rows={3} />
      </Panel>
    );
  }
  const cell = (what: What) => (
    <td className={classes.number} data-moved={what}>
      {bytes(data.moved[what], i18n.locale)}
    </td>
  );
  return (
    <Panel title={t`Sent and received today`} flush>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">
              <Trans>Sent</Trans>
            </th>
            <th scope="col" className={classes.number}>
              <Trans>Today</Trans>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([what, label, part]) => (
            <tr key={what}>
              <th scope="row" className={part ? classes.part : undefined}>
                {label}
              </th>
              {cell(what)}
            </tr>
          ))}
        </tbody>
        <thead>
          <tr>
            <th scope="col">
              <Trans>Received and played</Trans>
            </th>
            <th scope="col" className={classes.number}>
              <Trans>Today</Trans>
            </th>
          </tr>
        </thead>
        <tbody>
          {came.map(([what, label]) => (
            <tr key={what}>
              <th scope="row">{label}</th>
              {cell(what)}
            </tr>
          ))}
        </tbody>
      </table>
      <Text c="dimmed" size="xs" px={18} py={10}>
        <Trans>A day begins at midnight UTC.</Trans>
      </Text>
    </Panel>
  );
}
