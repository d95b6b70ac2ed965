/** One campaign: how far each site is, what is in the way, and ending it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconBuildingCommunity, IconPlayerStop } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { type Campaign, CAMPAIGNS_MS, type CampaignSite } from '~/api/campaigns';
import { api, ask, toApiError } from '~/api/client';
import { lookAgain } from '~/live';
import { type Column, DataTable } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { bytes, count } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { PageHeader } from '~/parts/PageHeader';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { StaleBadge } from '~/parts/StaleBadge';
import { Time } from '~/parts/Time';
import { failed, undoable } from '~/parts/toast';
import { useMay } from '~/session/session';
import { Done } from './Done';
import { progress } from './progress';
import { StateOf } from './StateOf';

export default function CampaignPage() {
  const { t } = useLingui();
  const { campaign: id } = useParams({ strict: false }) as { campaign: string };
  const query = useQuery({
    queryKey: ['campaigns', id],
    queryFn: () => ask(api.GET('/api/v1/campaigns/{campaign}', { params: { path: { campaign: id } } })),
    refetchInterval: () => lookAgain(CAMPAIGNS_MS),
  });
  if (query.isPending) return <Loading rows={6} />;
  if (query.isError && query.data === undefined) {
    return (
      <>
        <PageHeader title={t`Campaign`} above={{ to: '/campaigns', title: t`Campaigns` }} />
        <ErrorState error={query.error} retry={query.refetch} />
      </>
    );
  }
  return <Shown campaign={query.data} sinceMs={query.dataUpdatedAt} />;
}

function Shown({ campaign, sinceMs }: { campaign: Campaign; sinceMs: number }) {
  const { t } = useLingui();
  const mayEnd = useMay('campaigns');
  const client = useQueryClient();
  const problemText = useProblemText();
  const [ending, setEnding] = useState(false);
  const { id, title_name: name, sites, warnings, state } = campaign;
  const end = () => {
    const act = async () => {
      try {
        await ask(api.DELETE('/api/v1/campaigns/{campaign}', { params: { path: { campaign: id } }, keepalive: true }));
      } catch (error) {
        const problem = toApiError(error);
        failed(t`The campaign for ${name} was not ended. ${problemText(problem)} (${problem.code})`);
      }
      setEnding(false);
      await client.invalidateQueries({ queryKey: ['campaigns'] });
    };
    undoable({
      message: <Trans>The campaign for {name} is being ended.</Trans>,
      act: () => void act(),
      hide: () => setEnding(true),
      show: () => setEnding(false),
    });
  };
  const moment = (ms: number | null | undefined, otherwise: string): ReactNode => (ms ? <Time ms={ms} /> : otherwise);
  return (
    <>
      <PageHeader
        title={name}
        above={{ to: '/campaigns', title: t`Campaigns` }}
        mark={
          <>
            <StateOf state={state} />
            <StaleBadge followed sinceMs={sinceMs} afterMs={3 * CAMPAIGNS_MS} />
          </>
        }
        actions={
          mayEnd &&
          state !== 'ended' && (
            <Button
              variant="light"
              color="red"
              leftSection={<IconPlayerStop size={16} />}
              disabled={ending}
              onClick={end}
            >
              <Trans>End it</Trans>
            </Button>
          )
        }
      />
      <Stack gap="lg">
        {warnings.length > 0 && (
          <Notice kind="warn" title={t`In the way`}>
            {warnings.map((warning) => (
              <div key={warning}>{warning}</div>
            ))}
          </Notice>
        )}
        <Panel title={t`Progress`}>
          <Stack>
            <Done of={name} ratio={progress(sites)} />
            <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }}>
              <Fact label={t`Copies at each site`}>{campaign.replicas}</Fact>
              <Fact label={t`Begin`}>
                <Time ms={campaign.not_before_ms} />
              </Fact>
              <Fact label={t`Deadline`}>{moment(campaign.deadline_ms, t`none`)}</Fact>
              <Fact label={t`End`}>{moment(campaign.ended_ms ?? campaign.until_ms, t`when somebody ends it`)}</Fact>
              <Fact label={t`Made by`}>{campaign.created_by}</Fact>
            </SimpleGrid>
          </Stack>
        </Panel>
        {sites.length === 0 ? (
          <EmptyState
            icon={IconBuildingCommunity}
            title={t`There is no site to hold it`}
            action={
              <Button component={Link} to="/network">
                <Trans>Draw sites</Trans>
              </Button>
            }
          >
            <Trans>The campaign is for every site, also those to come: as soon as there is one, it begins there.</Trans>
          </EmptyState>
        ) : (
          <SiteProgress sites={sites} copies={campaign.replicas} />
        )}
      </Stack>
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm" component="div">
        {children}
      </Text>
    </div>
  );
}

function SiteProgress({ sites, copies }: { sites: readonly CampaignSite[]; copies: number }) {
  const { t, i18n } = useLingui();
  const columns = useMemo<Column<CampaignSite>[]>(
    () => [
      { id: 'site', header: t`Site`, width: 'minmax(100px, 1.3fr)', cell: ({ name }) => <strong>{name}</strong> },
      {
        id: 'done',
        header: t`Complete`,
        width: 'minmax(110px, 1.6fr)',
        cell: (site) => <Done of={site.name} ratio={progress([site])} />,
      },
      {
        id: 'held',
        header: t`Parts held`,
        width: '120px',
        numeric: true,
        wideOnly: true,
        cell: ({ chunks, chunks_held: held }) => `${count(held, i18n.locale)} / ${count(chunks, i18n.locale)}`,
      },
      {
        id: 'copies',
        header: t`Copies`,
        width: '80px',
        numeric: true,
        cell: ({ copies: there }) => `${there} / ${copies}`,
      },
      { id: 'peers', header: t`Peers`, width: '80px', numeric: true, cell: ({ peers }) => count(peers, i18n.locale) },
      {
        id: 'wan',
        header: t`Over the WAN`,
        width: '130px',
        numeric: true,
        wideOnly: true,
        cell: ({ wan_bytes: over, bytes: of }) =>
          of === 0 ? t`no data` : `${bytes(over, i18n.locale)} / ${bytes(of, i18n.locale)}`,
      },
    ],
    [t, i18n, copies],
  );
  return <DataTable label={t`Progress of each site`} rows={sites} columns={columns} idOf={({ id }) => id} />;
}
