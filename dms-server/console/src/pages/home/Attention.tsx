/** What somebody has to look at: requests for access, titles that failed, campaigns that are late, PCs that others ban. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, ask } from '~/api/client';
import { accessRequestsQuery } from '~/api/requests';
import type { Title } from '~/api/titles';
import { Panel } from '~/parts/Panel';
import { State, type Tone } from '~/parts/State';
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
  const mayPublish = useMay('publish');
  const asking = useInfiniteQuery({ ...accessRequestsQuery('open'), enabled: mayPublish });
  const failed = titles.filter(({ state }) => state === 'failed').slice(0, EACH_MAX);
  const late = (campaigns.data?.items ?? []).filter(({ state }) => state === 'late').slice(0, EACH_MAX);
  const devices = (banned.data?.items ?? []).slice(0, EACH_MAX);
  const requests = (asking.data?.pages[0]?.items ?? []).slice(0, EACH_MAX);
  const items: readonly ReactNode[] = [
    ...requests.map(({ id, person_name: person, title_name: name, note }) => (
      <Item key={id} state={t`Asks`} tone="busy" why={note === '' ? undefined : `“${note}”`}>
        <Anchor component={Link} to="/requests" size="sm" truncate>
          <Trans>
            {person} asks to watch {name}
          </Trans>
        </Anchor>
      </Item>
    )),
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
          <Trans>Nothing. Requests for access, titles that failed, late campaigns and banned PCs would be named here.</Trans>
        </p>
      ) : (
        <ul className={classes.list}>{items}</ul>
      )}
    </Panel>
  );
}

interface ItemProps {
  readonly state: string;
  readonly tone?: Tone;
  readonly why: string | undefined;
  readonly children: ReactNode;
}

function Item({ state, tone = 'bad', why, children }: ItemProps) {
  return (
    <li>
      <div className={classes.line}>
        {children}
        <State tone={tone}>{state}</State>
      </div>
      {why && <p className={classes.quiet}>{why}</p>}
    </li>
  );
}
