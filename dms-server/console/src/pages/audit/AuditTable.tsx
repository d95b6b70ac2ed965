/** Rows of the audit log; one opens in a drawer with all that it says. */

import { useLingui } from '@lingui/react/macro';
import { Code, Drawer, Group, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { api, ask, PAGE_LIMIT, type Schema } from '~/api/client';
import { type Column, DataTable } from '~/parts/DataTable';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Time } from '~/parts/Time';
import { EntryView } from './EntryView';
import { detailText } from './detail';

export type Entry = Schema<'Entry'>;

/** What narrows the log; as the API takes it. */
export interface AuditFilter {
  readonly actor?: string;
  readonly action?: string;
  readonly object?: string;
  readonly from_ms?: number;
  readonly until_ms?: number;
}

interface Props {
  readonly filter: AuditFilter;
  readonly empty: ReactNode;
  readonly withObject?: boolean;
}

export function AuditTable({ filter, empty, withObject = true }: Props) {
  const { t } = useLingui();
  const [opened, setOpened] = useState<Entry | null>(null);
  const log = useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam }) =>
      ask(
        api.GET('/api/v1/audit', {
          params: { query: { ...filter, limit: PAGE_LIMIT, ...(pageParam !== null && { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
  const rows = useMemo(() => log.data?.pages.flatMap(({ items }) => items) ?? [], [log.data]);
  const columns = useMemo<Column<Entry>[]>(
    () => [
      { id: 'when', header: t`When`, width: '130px', cell: ({ at_ms }) => <Time ms={at_ms} /> },
      {
        id: 'who',
        header: t`Who`,
        width: 'minmax(120px, 1fr)',
        cell: ({ actor, actor_kind: kind }) => (
          <Group gap={6} wrap="nowrap">
            <Text size="sm" truncate>
              {actor}
            </Text>
            <Text size="xs" c="dimmed">
              {kind}
            </Text>
          </Group>
        ),
      },
      {
        id: 'what',
        header: t`What`,
        width: 'minmax(130px, 1fr)',
        cell: ({ action }) => <Code>{action}</Code>,
      },
      ...(withObject
        ? [
            {
              id: 'object',
              header: t`To what`,
              width: 'minmax(120px, 1fr)',
              wideOnly: true,
              cell: ({ object, object_kind: kind }: Entry) => (
                <span title={object}>
                  {kind} <Text span c="dimmed" size="xs">{`${object.slice(0, 8)}${object.length > 8 ? '…' : ''}`}</Text>
                </span>
              ),
            },
          ]
        : []),
      {
        id: 'detail',
        header: t`More`,
        width: 'minmax(0, 2fr)',
        wideOnly: true,
        cell: ({ detail }) => (
          <Text size="xs" c="dimmed" truncate>
            {detailText(detail)}
          </Text>
        ),
      },
    ],
    [t, withObject],
  );
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = log;
  if (log.isPending) return <Loading rows={8} />;
  if (log.isError && rows.length === 0) return <ErrorState error={log.error} retry={log.refetch} />;
  if (rows.length === 0) return empty;
  return (
    <>
      <DataTable
        label={t`Audit log`}
        rows={rows}
        columns={columns}
        idOf={({ seq }) => String(seq)}
        open={setOpened}
        more={hasNextPage ? () => void fetchNextPage() : null}
        loading={isFetchingNextPage}
        rowHeight={46}
      />
      <Drawer
        opened={opened !== null}
        onClose={() => setOpened(null)}
        position="right"
        size="md"
        title={opened ? t`Row ${opened.seq}` : ''}
        closeButtonProps={{ 'aria-label': t`Close` }}
      >
        {opened && <EntryView entry={opened} />}
      </Drawer>
    </>
  );
}
