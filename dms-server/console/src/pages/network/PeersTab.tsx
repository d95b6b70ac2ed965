/** The devices that enrolled: where they are, whether they share; any number of them. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, CloseButton, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconDevices, IconRefresh, IconRocket, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { DEVICES_MS, listDevices } from '~/api/devices';
import { sitesQuery } from '~/api/sites';
import { lookAgain } from '~/live';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { count } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { StaleBadge } from '~/parts/StaleBadge';
import { useUrlState } from '~/parts/url-state';
import { useMay } from '~/session/session';
import { narrowed } from './narrow';
import { PeerDrawer } from './PeerDrawer';
import { PeerTable } from './PeerTable';
import { DEVICE_STATES } from './texts';

const DEFAULTS = { q: '', state: 'any', at: 'any', peer: '' };

/** A longer list is asked for anew by hand only: it is many requests. */
const ALONE_PAGES = 2;

export function PeersTab() {
  const { t, i18n } = useLingui();
  const mayEnrol = useMay('devices');
  const [values, change] = useUrlState(DEFAULTS);
  const { q, state, at, peer } = useDeferredValue(values);
  const [revoking, setRevoking] = useState<ReadonlySet<string>>(new Set());
  const sites = useQuery(sitesQuery);
  const names = useMemo(() => new Map(sites.data?.items.map(({ id, name }) => [id, name])), [sites.data]);
  const list = useInfiniteQuery({
    queryKey: ['devices', state === 'banned'],
    queryFn: ({ pageParam }) => listDevices(pageParam, state === 'banned'),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: ({ state: { data } }) => ((data?.pages.length ?? 0) <= ALONE_PAGES ? lookAgain(DEVICES_MS) : false),
  });
  const all = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const rows = useMemo(() => narrowed(all, q, state, at, revoking), [all, q, state, at, revoking]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const narrow = q !== '' || (state !== 'any' && state !== 'banned') || at !== 'any';
  // What is looked for may be on a page that was not asked for yet.
  useEffect(() => {
    if (narrow && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [narrow, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const opened = all.find(({ id }) => id === peer) ?? null;
  const hide = (id: string) => setRevoking((old) => new Set([...old, id]));
  const show = (id: string) => setRevoking((old) => new Set([...old].filter((other) => other !== id)));
  const loaded = count(all.length, i18n.locale);

  return (
    <Stack>
      <Group gap="sm">
        <TextInput
          data-page-search
          type="search"
          aria-label={t`Search peers`}
          placeholder={t`Name, address or version`}
          leftSection={<IconSearch size={16} />}
          rightSection={
            values.q && <CloseButton size="sm" aria-label={t`Clear the search`} onClick={() => change({ q: '' })} />
          }
          value={values.q}
          onChange={(event) => change({ q: event.currentTarget.value })}
          flex="1 1 200px"
          maw={320}
        />
        <Select
          aria-label={t`State`}
          w={170}
          allowDeselect={false}
          value={values.state}
          onChange={(next) => change({ state: next ?? 'any' })}
          data={[
            { value: 'any', label: t`Every state` },
            ...Object.entries(DEVICE_STATES).map(([value, { name }]) => ({ value, label: i18n._(name) })),
            { value: 'banned', label: t`Banned for wrong bytes` },
          ]}
        />
        <Select
          aria-label={t`Site`}
          w={180}
          allowDeselect={false}
          searchable
          value={values.at}
          onChange={(next) => change({ at: next ?? 'any' })}
          data={[
            { value: 'any', label: t`Every site` },
            { value: 'none', label: t`In no site` },
            ...[...names].map(([value, label]) => ({ value, label })),
          ]}
        />
        <Group gap="xs" ml="auto">
          <StaleBadge followed sinceMs={list.dataUpdatedAt} afterMs={3 * DEVICES_MS} />
          {list.isSuccess && (
            <Text size="sm" c="dimmed" role="status">
              {hasNextPage ? <Trans>{loaded} loaded, there are more</Trans> : <Trans>{loaded} in all</Trans>}
            </Text>
          )}
          <Button
            variant="default"
            leftSection={<IconRefresh size={16} />}
            loading={list.isRefetching && !isFetchingNextPage}
            onClick={() => void list.refetch()}
          >
            <Trans>Refresh</Trans>
          </Button>
        </Group>
      </Group>
      {list.isPending && <Loading rows={8} />}
      {list.isError && all.length === 0 && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && all.length === 0 && state !== 'banned' && (
        <EmptyState
          icon={IconDevices}
          title={t`No PC has enrolled yet`}
          action={
            mayEnrol && (
              <Button component={Link} to="/rollout" leftSection={<IconRocket size={16} />}>
                <Trans>Roll out the agent</Trans>
              </Button>
            )
          }
        >
          <Trans>PCs with the agent appear here as soon as they enrol: where they are, and whether they share.</Trans>
        </EmptyState>
      )}
      {list.isSuccess && rows.length === 0 && (all.length > 0 || state === 'banned') && !hasNextPage && (
        <EmptyState
          icon={IconSearch}
          title={t`No peer is like that`}
          action={
            <Button variant="default" onClick={() => change({ q: '', state: 'any', at: 'any' })}>
              <Trans>Show all peers</Trans>
            </Button>
          }
        >
          <Trans>Nothing has this name, this state and this site.</Trans>
        </EmptyState>
      )}
      {rows.length > 0 && (
        <PeerTable
          rows={rows}
          siteNames={names}
          open={({ id }) => change({ peer: id }, false)}
          more={hasNextPage ? () => void fetchNextPage() : null}
          loading={isFetchingNextPage}
        />
      )}
      <PeerDrawer device={opened} siteNames={names} close={() => change({ peer: '' }, false)} hide={hide} show={show} />
    </Stack>
  );
}
