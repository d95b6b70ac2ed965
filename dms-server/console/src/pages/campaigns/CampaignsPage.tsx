/** The campaigns, each with how far it is. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, SegmentedControl, Stack } from '@mantine/core';
import { IconPlus, IconTruckDelivery } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type Campaign, CAMPAIGNS_MS, listCampaigns } from '~/api/campaigns';
import { lookAgain } from '~/live';
import { type Column, DataTable } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { StaleBadge } from '~/parts/StaleBadge';
import { Time } from '~/parts/Time';
import { useUrlState } from '~/parts/url-state';
import { useMay } from '~/session/session';
import { CampaignDrawer } from './CampaignDrawer';
import { Done } from './Done';
import { progress } from './progress';
import { StateOf } from './StateOf';

const DEFAULTS = { show: 'open', add: '', title: '' };

export default function CampaignsPage() {
  const { t } = useLingui();
  const navigate = useNavigate();
  const mayMake = useMay('campaigns');
  const [{ show, add, title }, change] = useUrlState(DEFAULTS);
  const list = useInfiniteQuery({
    queryKey: ['campaigns'],
    queryFn: ({ pageParam }) => listCampaigns(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: () => lookAgain(CAMPAIGNS_MS),
  });
  const all = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const rows = useMemo(() => all.filter(({ state }) => show === 'all' || state !== 'ended'), [all, show]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const columns = useMemo<Column<Campaign>[]>(
    () => [
      {
        id: 'title',
        header: t`Title`,
        width: 'minmax(120px, 2fr)',
        cell: ({ title_name: name }) => <strong>{name}</strong>,
      },
      { id: 'state', header: t`State`, width: '120px', cell: ({ state }) => <StateOf state={state} /> },
      {
        id: 'done',
        header: t`Progress`,
        width: 'minmax(110px, 1.5fr)',
        cell: ({ title_name: name, sites }) => <Done of={name} ratio={progress(sites)} />,
      },
      {
        id: 'sites',
        header: t`Sites`,
        width: '90px',
        numeric: true,
        wideOnly: true,
        cell: ({ all_sites: every, sites }) => (every ? t`every` : sites.length),
      },
      {
        id: 'deadline',
        header: t`Deadline`,
        width: '140px',
        wideOnly: true,
        cell: ({ deadline_ms: ms }) => (ms ? <Time ms={ms} /> : t`none`),
      },
      {
        id: 'made',
        header: t`Made`,
        width: '140px',
        wideOnly: true,
        cell: ({ created_ms: ms }) => <Time ms={ms} />,
      },
    ],
    [t],
  );
  const make = mayMake && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => change({ add: 'yes' }, false)}>
      <Trans>New campaign</Trans>
    </Button>
  );
  return (
    <>
      <PageHeader
        title={t`Campaigns`}
        lead={t`A campaign makes sites hold a title before anybody watches it: each part crosses a site's WAN once.`}
        mark={<StaleBadge followed sinceMs={list.dataUpdatedAt} afterMs={3 * CAMPAIGNS_MS} />}
        actions={make}
      />
      <Stack>
        <SegmentedControl
          aria-label={t`Which campaigns`}
          style={{ alignSelf: 'flex-start' }}
          value={show}
          onChange={(next) => change({ show: next })}
          data={[
            { value: 'open', label: t`Not ended` },
            { value: 'all', label: t`All` },
          ]}
        />
        {list.isPending && <Loading rows={6} />}
        {list.isError && all.length === 0 && <ErrorState error={list.error} retry={list.refetch} />}
        {list.isSuccess && rows.length === 0 && !hasNextPage && (
          <EmptyState icon={IconTruckDelivery} title={t`No campaign is under way`} action={make}>
            <Trans>
              Before an all-hands, let every office hold the recording: it plays from next door, and the WAN stays free.
            </Trans>
          </EmptyState>
        )}
        {rows.length > 0 && (
          <DataTable
            label={t`Campaigns`}
            rows={rows}
            columns={columns}
            idOf={({ id }) => id}
            open={({ id }) => void navigate({ to: `/campaigns/${id}` })}
            more={hasNextPage ? () => void fetchNextPage() : null}
            loading={isFetchingNextPage}
          />
        )}
      </Stack>
      <CampaignDrawer
        opened={mayMake && add !== ''}
        title={title}
        close={() => change({ add: '', title: '' }, false)}
      />
    </>
  );
}
