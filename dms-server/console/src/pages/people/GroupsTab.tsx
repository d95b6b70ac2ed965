/** The groups in a table; one opens in a drawer with its members. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack } from '@mantine/core';
import { IconUsersGroup, IconUsersPlus } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { listGroups, type PeopleGroup } from '~/api/people';
import { type Column, DataTable } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { count } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { useUrlState } from '~/parts/url-state';
import { ROLE_NAMES } from '~/session/roles';
import { useMay } from '~/session/session';
import { GroupDrawer } from './GroupDrawer';

const DEFAULTS = { group: '' };

export function GroupsTab() {
  const { t, i18n } = useLingui();
  const mayChange = useMay('people');
  const [{ group }, change] = useUrlState(DEFAULTS);
  const [deleting, setDeleting] = useState<string | null>(null);
  const list = useInfiniteQuery({
    queryKey: ['groups'],
    queryFn: ({ pageParam }) => listGroups(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
  const all = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const rows = useMemo(() => all.filter(({ id }) => id !== deleting), [all, deleting]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const columns = useMemo<Column<PeopleGroup>[]>(
    () => [
      { id: 'name', header: t`Name`, width: 'minmax(110px, 1.5fr)', cell: ({ name }) => <strong>{name}</strong> },
      {
        id: 'roles',
        header: t`Roles that come with it`,
        width: 'minmax(0, 2fr)',
        wideOnly: true,
        cell: ({ roles }) => roles.map((role) => i18n._(ROLE_NAMES[role])).join(', ') || t`none`,
      },
      { id: 'source', header: t`From`, width: '90px', cell: ({ source }) => source },
      {
        id: 'members',
        header: t`Members`,
        width: '100px',
        numeric: true,
        cell: ({ members }) => count(members, i18n.locale),
      },
    ],
    [t, i18n],
  );
  const opened = rows.find(({ id }) => id === group) ?? null;
  const add = mayChange && (
    <Button leftSection={<IconUsersPlus size={16} />} onClick={() => change({ group: 'new' }, false)}>
      <Trans>Add a group</Trans>
    </Button>
  );
  return (
    <Stack>
      <Group justify="flex-end">{rows.length > 0 && add}</Group>
      {list.isPending && <Loading rows={5} />}
      {list.isError && all.length === 0 && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && rows.length === 0 && (
        <EmptyState icon={IconUsersGroup} title={t`There is no group yet`} action={add}>
          <Trans>Groups are audiences: a title can be for some of them only. The directory brings its own.</Trans>
        </EmptyState>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t`Groups`}
          rows={rows}
          columns={columns}
          idOf={({ id }) => id}
          open={({ id }) => change({ group: id }, false)}
          more={hasNextPage ? () => void fetchNextPage() : null}
          loading={isFetchingNextPage}
        />
      )}
      <GroupDrawer
        key={group}
        opened={(group === 'new' && mayChange) || opened !== null}
        group={opened}
        close={() => change({ group: '' }, false)}
        hide={setDeleting}
      />
    </Stack>
  );
}
