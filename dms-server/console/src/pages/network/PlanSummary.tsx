/** What an import comes to, in a line: sites by what becomes of them, and peers that will be in no site. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { count } from '~/parts/format';
import { State } from '~/parts/State';
import classes from './Import.module.css';
import { isNothing, type Plan, tally } from './import';
import { ACTIONS } from './texts';

export function PlanSummary({ plan, action }: { plan: Plan; action: ReactNode }) {
  const { i18n } = useLingui();
  const counts = tally(plan);
  const faults = plan.faults.length;
  const [now, then] = [plan.peers_nowhere_now, plan.peers_nowhere_then].map((peers) => count(peers, i18n.locale));
  return (
    <section className={classes.summary} role="status">
      <Group gap="sm">
        {faults > 0 && (
          <State tone="bad">
            <Plural value={faults} one="# fault" other="# faults" />
          </State>
        )}
        {Object.entries(ACTIONS).map(([name, { name: label, tone }]) =>
          counts[name] ? (
            <State key={name} tone={tone}>
              {i18n._(label)} {i18n.number(counts[name])}
            </State>
          ) : null,
        )}
        <Text size="sm">
          <Trans>
            Peers in no site: {now} now, {then} then
          </Trans>
        </Text>
      </Group>
      <Group gap="sm">
        {faults > 0 && (
          <Text size="sm" c="dimmed">
            <Trans>Mend the faults first.</Trans>
          </Text>
        )}
        {faults === 0 && isNothing(plan) && (
          <Text size="sm" c="dimmed">
            <Trans>The sites are like this already.</Trans>
          </Text>
        )}
        {action}
      </Group>
    </section>
  );
}
