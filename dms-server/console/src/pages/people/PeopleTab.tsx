/** The people in a table; one opens in a drawer. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, CloseButton, Group, Stack, TextInput } from '@mantine/core';
import { IconSearch, IconUserPlus, IconUsers } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { listPeople, type Person } from '~/api/people';
import { type Column, DataTable } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { State } from '~/parts/State';
import { useUrlState } from '~/parts/url-state';
import { ROLE_NAMES } from '~/session/roles';
import { useMay } from '~/session/session';
import { PersonDrawer } from './PersonDrawer';

const DEFAULTS = { q: '', person: '' };

export function PeopleTab() {
  const { t, i18n } = useLingui();
  const mayChange = useMay('people');
  const [{ q, person }, change] = useUrlState(DEFAULTS);
  const list = useInfiniteQuery({
    queryKey: ['people'],
    queryFn: ({ pageParam }) => listPeople(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
  const all = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const rows = useMemo(() => {
    const wanted = q.trim().toLocaleLowerCase();
    const words = ({ name, login, email, department }: Person) => [name, login, email, department];
    return all.filter((one) => words(one).some((word) => word.toLocaleLowerCase().includes(wanted)));
  }, [all, q]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    if (q !== '' && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [q, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const columns = useMemo<Column<Person>[]>(
    () => [
      { id: 'name', header: t`Name`, width: 'minmax(110px, 1.2fr)', cell: ({ name }) => <strong>{name}</strong> },
      { id: 'login', header: t`Signs in as`, width: 'minmax(110px, 1.3fr)', cell: ({ login }) => login },
      {
        id: 'roles',
        header: t`Roles`,
        width: 'minmax(0, 1.5fr)',
        wideOnly: true,
        cell: ({ roles }) => roles.map((role) => i18n._(ROLE_NAMES[role])).join(', '),
      },
      {
        id: 'groups',
        header: t`Groups`,
        width: 'minmax(0, 1.2fr)',
        wideOnly: true,
        cell: ({ groups }) => groups.map(({ name }) => name).join(', '),
      },
      { id: 'source', header: t`From`, width: '80px', wideOnly: true, cell: ({ source }) => source },
      {
        id: 'state',
        header: t`State`,
        width: '110px',
        cell: ({ active }) =>
          active ? (
            <State tone="ok">
              <Trans>Open</Trans>
            </State>
          ) : (
            <State tone="quiet">
              <Trans>Closed</Trans>
            </State>
          ),
      },
    ],
    [t, i18n],
  );
  const opened = all.find(({ id }) => id === person) ?? null;
  const add = mayChange && (
    <Button leftSection={<IconUserPlus size={16} />} onClick={() => change({ person: 'new' }, false)}>
      <Trans>Add a person</Trans>
    </Button>
  );
  return (
    <Stack>
      <Group gap="sm">
        <TextInput
          data-page-search
          type="search"
          aria-label={t`Search people`}
          placeholder={t`Name, address or department`}
          leftSection={<IconSearch size={16} />}
          rightSection={q && <CloseButton size="sm" aria-label={t`Clear the search`} onClick={() => change({ q: '' })} />}
          value={q}
          onChange={(event) => change({ q: event.currentTarget.value })}
          flex="1 1 200px"
          maw={320}
        />
        <Group ml="auto">{add}</Group>
      </Group>
      {list.isPending && <Loading rows={6} />}
      {list.isError && all.length === 0 && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && all.length === 0 && (
        <EmptyState icon={IconUsers} title={t`Nobody has an account yet`} action={add}>
          <Trans>People come by themselves when they sign in through the directory, or are added here.</Trans>
        </EmptyState>
      )}
      {all.length > 0 && rows.length === 0 && !hasNextPage && (
        <EmptyState icon={IconSearch} title={t`Nobody is like that`}>
          <Trans>No name, address or department has these letters.</Trans>
        </EmptyState>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t`People`}
          rows={rows}
          columns={columns}
          idOf={({ id }) => id}
          open={({ id }) => change({ person: id }, false)}
          more={hasNextPage ? () => void fetchNextPage() : null}
          loading={isFetchingNextPage}
        />
      )}
      <PersonDrawer
        key={person}
        opened={(person === 'new' && mayChange) || opened !== null}
        person={opened}
        close={() => change({ person: '' }, false)}
      />
    </Stack>
  );
}
