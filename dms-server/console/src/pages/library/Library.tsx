/** Every title: found by name, narrowed by state, as a table or as pictures. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, CloseButton, Group, SegmentedControl, Select, TextInput } from '@mantine/core';
import { IconLayoutGrid, IconList, IconMovie, IconMovieOff, IconSearch, IconUpload } from '@tabler/icons-react';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { useDeleting } from '~/api/deleting';
import { BUSY_MS, IDLE_MS, isBusy, listTitles } from '~/api/titles';
import { lookAgain } from '~/live';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { StaleBadge } from '~/parts/StaleBadge';
import { useUrlState } from '~/parts/url-state';
import { useMay } from '~/session/session';
import { isState, narrowed, parametersFor } from './narrow';
import { TitleGrid } from './TitleGrid';
import { TitleTable } from './TitleTable';

const DEFAULTS = { q: '', state: 'any', view: 'table' };

export default function Library() {
  const { t } = useLingui();
  const navigate = useNavigate();
  const mayPublish = useMay('publish');
  const [{ q, state, view }, change] = useUrlState(DEFAULTS);
  const [words] = useDebouncedValue(q, 200);
  const filter = useMemo(() => parametersFor(words, state), [words, state]);
  const list = useInfiniteQuery({
    queryKey: ['titles', 'list', filter],
    queryFn: ({ pageParam }) => listTitles(pageParam, filter),
    placeholderData: keepPreviousData,
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: ({ state: { data } }) =>
      lookAgain(data?.pages.some(({ items }) => items.some(isBusy)) ? BUSY_MS : IDLE_MS),
  });
  const all = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const deleting = useDeleting();
  const rows = useMemo(() => narrowed(all, state, deleting), [all, state, deleting]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  // What is looked for may be on a page that was not asked for yet.
  const narrow = words.trim() !== '' || isState(state);
  useEffect(() => {
    if (rows.length === 0 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const more = hasNextPage ? () => void fetchNextPage() : null;

  const upload = mayPublish && (
    <Button component={Link} to="/uploads" leftSection={<IconUpload size={16} />}>
      <Trans>Upload</Trans>
    </Button>
  );
  const open = (id: string) => void navigate({ to: `/titles/${id}` });
  return (
    <>
      <PageHeader title={t`Library`} mark={<StaleBadge followed sinceMs={list.dataUpdatedAt} afterMs={3 * IDLE_MS} />} actions={upload} />
      <Group mb="md" gap="sm">
        <TextInput
          data-page-search
          type="search"
          aria-label={t`Search titles`}
          placeholder={t`Search titles`}
          leftSection={<IconSearch size={16} />}
          rightSection={q && <CloseButton size="sm" aria-label={t`Clear the search`} onClick={() => change({ q: '' })} />}
          value={q}
          onChange={(event) => change({ q: event.currentTarget.value })}
          flex="1 1 220px"
          maw={360}
        />
        <Select
          aria-label={t`State`}
          w={190}
          allowDeselect={false}
          value={state}
          onChange={(next) => change({ state: next ?? 'any' })}
          data={[
            { value: 'any', label: t`Every state` },
            { value: 'complete', label: t`Published` },
            { value: 'busy', label: t`Being prepared` },
            { value: 'failed', label: t`Failed` },
          ]}
        />
        <SegmentedControl
          aria-label={t`View`}
          ml="auto"
          value={view}
          onChange={(next) => change({ view: next })}
          data={[
            { value: 'table', label: <ViewIcon icon={IconList} label={t`Table`} /> },
            { value: 'grid', label: <ViewIcon icon={IconLayoutGrid} label={t`Pictures`} /> },
          ]}
        />
      </Group>
      {list.isPending && <Loading rows={8} height={56} />}
      {list.isError && all.length === 0 && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && all.length === 0 && !narrow && (
        <EmptyState icon={IconMovie} title={t`There is no title yet`} action={upload}>
          <Trans>Every video that was published, or is about to be, is listed here.</Trans>
        </EmptyState>
      )}
      {list.isSuccess && rows.length === 0 && narrow && !hasNextPage && (
        <EmptyState
          icon={IconMovieOff}
          title={t`No title is like that`}
          action={
            <Button variant="default" onClick={() => change({ q: '', state: 'any' })}>
              <Trans>Show all titles</Trans>
            </Button>
          }
        >
          <Trans>Nothing has this name and this state.</Trans>
        </EmptyState>
      )}
      {rows.length > 0 &&
        (view === 'grid' ? (
          <TitleGrid titles={rows} more={more} loading={isFetchingNextPage} />
        ) : (
          <TitleTable titles={rows} more={more} loading={isFetchingNextPage} open={open} />
        ))}
    </>
  );
}

function ViewIcon({ icon: Symbol, label }: { icon: typeof IconList; label: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      <Symbol size={16} stroke={1.6} aria-hidden />
      {label}
    </Group>
  );
}
