/** All that one row of the log says. */

import { useLingui } from '@lingui/react/macro';
import { Code } from '@mantine/core';
import type { ReactNode } from 'react';
import { CopyButton } from '~/parts/CopyButton';
import { absolute } from '~/parts/format';
import classes from './Audit.module.css';
import type { Entry } from './AuditTable';
import { pairs } from './detail';

export function EntryView({ entry }: { entry: Entry }) {
  const { t, i18n } = useLingui();
  const rows: readonly (readonly [string, ReactNode])[] = [
    [t`When`, `${absolute(entry.at_ms, i18n.locale)} (${absolute(entry.at_ms, i18n.locale, 'UTC')})`],
    [t`Who`, `${entry.actor} (${entry.actor_kind})`],
    [t`What`, <Code key="what">{entry.action}</Code>],
    [t`To what`, `${entry.object_kind} ${entry.object}`],
    ...pairs(entry.detail),
    [
      t`MAC`,
      <span key="mac" className={classes.mac}>
        <Code>{entry.mac}</Code>
        <CopyButton value={`${entry.seq}:${entry.mac}`} label={t`Copy the row's number and MAC`} />
      </span>,
    ],
  ];
  return (
    <dl className={classes.entry}>
      {rows.map(([name, value], at) => (
        <div key={`${at}-${name}`}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
