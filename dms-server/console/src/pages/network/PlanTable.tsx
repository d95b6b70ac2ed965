/** Each site before and after an import. */

import { Trans, useLingui } from '@lingui/react/macro';
import { useMemo } from 'react';
import { type Column, DataTable } from '~/parts/DataTable';
import { count } from '~/parts/format';
import { rate } from '~/parts/rates';
import { State } from '~/parts/State';
import classes from './Import.module.css';
import type { SitePlan } from './import';
import { ACTIONS, PEERING } from './texts';

export function PlanTable({ sites }: { sites: readonly SitePlan[] }) {
  const { t, i18n } = useLingui();
  const columns = useMemo<Column<SitePlan>[]>(() => {
    const peering = (rule: string | null | undefined) => {
      const known = rule ? PEERING[rule] : undefined;
      return known ? i18n._(known.name) : (rule ?? null);
    };
    const cap = (value: number | null | undefined) =>
      value === null || value === undefined ? null : value === 0 ? t`no cap` : rate(value, i18n.locale);
    const withHours = (text: string | null, hours: string | null | undefined) =>
      text === null || !hours ? text : `${text}; ${hours}`;
    return [
      { id: 'site', header: t`Site`, width: 'minmax(100px, 1fr)', cell: ({ name }) => <strong>{name}</strong> },
      {
        id: 'action',
        header: t`What`,
        width: '120px',
        cell: ({ action }) => {
          const known = ACTIONS[action];
          return <State tone={known?.tone ?? 'quiet'}>{known ? i18n._(known.name) : action}</State>;
        },
      },
      {
        id: 'subnets',
        header: t`Subnets`,
        width: 'minmax(0, 2fr)',
        cell: ({ added, removed }) => <Difference added={added} removed={removed} />,
      },
      {
        id: 'peering',
        header: t`Peering`,
        width: 'minmax(0, 1.3fr)',
        wideOnly: true,
        cell: ({ peering_now: now, peering_then: then }) => <Then now={peering(now)} then={peering(then)} />,
      },
      {
        id: 'cap',
        header: t`WAN cap`,
        width: 'minmax(0, 1.1fr)',
        wideOnly: true,
        cell: ({ wan_cap_now: now, wan_cap_then: then, wan_hours_now: hoursNow, wan_hours_then: hoursThen }) => (
          <Then now={withHours(cap(now), hoursNow)} then={withHours(cap(then), hoursThen)} />
        ),
      },
      {
        id: 'peers',
        header: t`Peers`,
        width: '110px',
        numeric: true,
        cell: ({ peers_now: now, peers_then: then }) => (
          <Then now={count(now, i18n.locale)} then={count(then, i18n.locale)} />
        ),
      },
    ];
  }, [t, i18n]);
  return <DataTable label={t`What becomes of the sites`} rows={sites} columns={columns} idOf={({ name }) => name} />;
}

/** A value now and then; once when it stays. */
function Then({ now, then }: { now: string | null; then: string | null }) {
  if (now === then || then === null) return now;
  if (now === null) return then;
  return (
    <span title={`${now} → ${then}`}>
      {now} → <strong>{then}</strong>
    </span>
  );
}

function Difference({ added, removed }: { added: readonly string[]; removed: readonly string[] }) {
  const all = [...added.map((subnet) => `+ ${subnet}`), ...removed.map((subnet) => `− ${subnet}`)];
  if (all.length === 0) {
    return (
      <span style={{ color: 'var(--mantine-color-dimmed)' }}>
        <Trans>as they are</Trans>
      </span>
    );
  }
  return (
    <span className="tabular" title={all.join('\n')}>
      {added.length > 0 && <span className={classes.gain}>+ {added.join(', ')} </span>}
      {removed.length > 0 && <span className={classes.loss}>− {removed.join(', ')}</span>}
    </span>
  );
}
