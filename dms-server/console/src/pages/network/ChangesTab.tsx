/** What was changed of the sites in the last day, each with its way back. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Text } from '@mantine/core';
import { IconArrowBackUp, IconHistory } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type SiteChange, siteChangesQuery } from '~/api/sites';
import { type Column, DataTable } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Time } from '~/parts/Time';
import { useMay } from '~/session/session';
import { useSiteUndo } from './undo';

export function ChangesTab() {
  const { t } = useLingui();
  const mayChange = useMay('network');
  const { undo } = useSiteUndo();
  const changes = useQuery(siteChangesQuery);
  const { mutate, isPending, variables } = useMutation({ mutationFn: undo });
  const columns = useMemo<Column<SiteChange>[]>(
    () => [
      { id: 'when', header: t`When`, width: '140px', cell: ({ at_ms: ms }) => <Time ms={ms} /> },
      { id: 'who', header: t`Who`, width: 'minmax(90px, 1fr)', cell: ({ actor }) => actor },
      { id: 'what', header: t`What`, width: 'minmax(0, 2fr)', cell: ({ summary }) => summary },
      {
        id: 'undo',
        header: t`Undo`,
        width: '150px',
        numeric: true,
        cell: ({ id, undone_by: by, summary }) =>
          by ? (
            <Text span size="sm" c="dimmed">
              <Trans>taken back</Trans>
            </Text>
          ) : (
            <Button
              size="xs"
              variant="default"
              disabled={!mayChange}
              loading={isPending && variables === id}
              leftSection={<IconArrowBackUp size={14} />}
              aria-label={t`Undo: ${summary}`}
              onClick={() => mutate(id)}
            >
              <Trans>Undo</Trans>
            </Button>
          ),
      },
    ],
    [t, mayChange, isPending, variables, mutate],
  );
  if (changes.isPending) return <Loading rows={5} />;
  if (changes.isError) return <ErrorState error={changes.error} retry={changes.refetch} />;
  if (changes.data.items.length === 0) {
    return (
      <EmptyState icon={IconHistory} title={t`Nothing was changed in the last 24 hours`}>
        <Trans>Every change of a site, and every import as one, is listed here for a day and can be taken back.</Trans>
      </EmptyState>
    );
  }
  return <DataTable label={t`Changes`} rows={changes.data.items} columns={columns} idOf={({ id }) => id} />;
}
