/** What the agent of this PC keeps for watching without the network. It is never asked in a way that raises the browser's question unasked. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, Progress } from '@mantine/core';
import { IconDeviceLaptop, IconPlugConnectedX } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { EmptyState } from '~/parts/EmptyState';
import { bytes, percent } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { reversible } from '~/parts/reversible';
import { State } from '~/parts/State';
import { failed } from '~/parts/toast';
import { useUrlState } from '~/parts/url-state';
import { agentAt, type Kept, keptQuery, mayAskQuery, setKept } from './here';
import classes from './pages/Pages.module.css';
import { watchAddress } from './rows';

const DEFAULTS = { agent: '' };

export function Here() {
  const { t } = useLingui();
  const [{ agent: given }] = useUrlState(DEFAULTS);
  const origin = agentAt(given);
  const [asked, setAsked] = useState(false);
  const { data: plan } = useQuery(mayAskQuery);
  const kept = useQuery(keptQuery(origin, asked || plan?.start === 'probe', asked));
  if (plan && !asked && plan.start === 'origin') {
    return plan.reason === 'denied' ? (
      <EmptyState icon={IconPlugConnectedX} title={t`Your browser does not let this page ask`}>
        <Trans>What this PC keeps is shown by its agent, on a page of its own: edge-peer open. Or allow “apps on device” for this site in the browser's settings.</Trans>
      </EmptyState>
    ) : (
      <EmptyState
        icon={IconDeviceLaptop}
        title={t`What this PC keeps`}
        action={
          <Button variant="default" onClick={() => setAsked(true)}>
            <Trans>Look on this PC</Trans>
          </Button>
        }
      >
        <Trans>The agent of this PC knows. Your browser will ask once whether this page may talk to it.</Trans>
      </EmptyState>
    );
  }
  if (kept.isError) {
    return (
      <EmptyState
        icon={IconPlugConnectedX}
        title={t`No agent answers on this PC`}
        action={
          <Button variant="default" loading={kept.isFetching} onClick={() => void kept.refetch()}>
            <Trans>Try again</Trans>
          </Button>
        }
      >
        <Trans>Videos are kept by the edge peer, which your IT installs. If it is installed, it may be stopped.</Trans>
      </EmptyState>
    );
  }
  if (!kept.data) return <Loading rows={1} height={80} />;
  if (kept.data.length === 0) {
    return (
      <EmptyState icon={IconDeviceLaptop} title={t`Nothing is kept on this PC`}>
        <Trans>Before you travel, dms-player keep takes a video with its licence along; it is listed here then.</Trans>
      </EmptyState>
    );
  }
  return (
    <ul className={classes.requests}>
      {kept.data.map((item) => (
        <Line key={item.title} item={item} origin={origin} />
      ))}
    </ul>
  );
}

function Line({ item, origin }: { item: Kept; origin: string }) {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const name = item.name ?? t`A video that you may not see any more`;
  const share = item.bytes === 0 ? 0 : item.bytesHere / item.bytes;
  const size = bytes(item.bytes, i18n.locale);
  const keep = async (on: boolean): Promise<void> => {
    try {
      await setKept(origin, item.title, on);
      if (!on) reversible(t`${name} is not kept on this PC any more.`, () => void keep(true));
    } catch {
      failed(t`The agent of this PC did not do it. It may be stopped.`);
    }
    await client.invalidateQueries({ queryKey: ['here', 'kept'] });
  };
  return (
    <li data-kept={item.title}>
      <div className={classes.grow}>
        <Anchor href={watchAddress(item.title)} size="sm" fw={550}>
          {name}
        </Anchor>
        <div className={classes.quiet}>{size}</div>
        {share < 1 && <Progress value={100 * share} size="sm" mt={6} aria-label={t`How much of ${name} is here`} />}
      </div>
      <State tone={item.noRoom ? 'bad' : share < 1 ? 'busy' : 'ok'}>
        {item.noRoom ? t`No room for the rest` : share < 1 ? percent(share, i18n.locale) : t`Here`}
      </State>
      <Button variant="subtle" size="xs" aria-label={t`Let go of ${name}`} onClick={() => void keep(false)}>
        <Trans>Let go</Trans>
      </Button>
    </li>
  );
}
