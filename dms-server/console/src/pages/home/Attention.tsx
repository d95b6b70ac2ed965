/** What somebody has to look at: titles that failed, campaigns that are late, PCs that others ban. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, ask } from '~/api/client';
import type { Title } from '~/api/titles';
import { Panel } from '~/parts/Panel';
import { State } from '~/parts/State';
import { useMay } from '~/session/session';
import classes from './Home.module.css';

/** Most things of a kind that are named. */
const EACH_MAX = 5;

export function Attention({ titles }: { titles: readonly Title[] }) {
  const { t } = useLingui();
  const mayNetwork = useMay('read_network');
  const mayDevices = useMay('read_devices');
  const campaigns = useQuery({
    queryKey: ['campaigns', 'home'],
    queryFn: () => ask(api.GET('/api/v1/campaigns')),
    enabled: mayNetwork,
  });
  const banned = useQuery({
    queryKey: ['devices', 'banned'],
    queryFn: () => ask(api.GET('/api/v1/devices', { params: { query: { banned: true } } })),
    enabled: mayDevices,
  });
  const failed = titles.filter(({ state }) => state === 'failed').slice(0, EACH_MAX);
  const late = (campaigns.data?.items ?? []).filter(({ state }) => state === 'late').slice(0, EACH_MAX);
  const devices = (banned.data?.items ?? []).slice(0, EACH_MAX);
  const items: readonly ReactNode[] = [
    ...failed.map(({ id, title, error }) => (
      <Item key={id} state={t`Failed`} why={error?.message}>
        <Anchor component={Link} to={`/titles/${id}`} size="sm" truncate>
          {title}
        </Anchor>
      </Item>
    )),
    ...late.map(({ id, title_name: name }) => (
      <Item key={id} state={t`Late`} why={t`Not every site holds it, and its deadline is over.`}>
        <Trans>Campaign of {name}</Trans>
      </Item>
    )),
    ...devices.map(({ id, name }) => (
      <Item key={id} state={t`Banned`} why={t`Other PCs got wrong bytes from it and ask it no more.`}>
        <Trans>PC {name}</Trans>
      </Item>
    )),
  ];
  return (
    <Panel title={t`Needs attention`}>
      {items.length === 0 ? (
        <p className={classes.quiet}>
          <IconCircleCheck size={18} aria-hidden />
          <Trans>Nothing. Titles that failed, late campaigns and banned PCs would be named here.</Trans>
        </p>
      ) : (
        <ul className={classes.list}>{items}</ul>
      )}
    </Panel>
  );
}

function Item({ state, why, children }: { state: string; why: string | undefined; children: ReactNode }) {
  return (
    <li>
      <div className={classes.line}>
        {children}
        <State tone="bad">{state}</State>
      </div>
      {why && <p className={classes.quiet}>{why}</p>}
    </li>
  );
}
