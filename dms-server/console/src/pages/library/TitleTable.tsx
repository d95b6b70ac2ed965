/** Titles as rows. */

import { useLingui } from '@lingui/react/macro';
import { Anchor, Group, Progress, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { isBusy, type Title } from '~/api/titles';
import { type Column, DataTable } from '~/parts/DataTable';
import { bytes, clock } from '~/parts/format';
import { Poster } from '~/parts/Poster';
import { Time } from '~/parts/Time';
import { TitleStateMark } from '~/parts/TitleStateMark';

interface Props {
  readonly titles: readonly Title[];
  readonly more: (() => void) | null;
  readonly loading: boolean;
  readonly open: (id: string) => void;
}

export function TitleTable({ titles, more, loading, open }: Props) {
  const { t, i18n } = useLingui();
  const columns = useMemo<Column<Title>[]>(
    () => [
      {
        id: 'title',
        header: t`Title`,
        width: 'minmax(0, 3fr)',
        cell: (title) => (
          <Group gap="sm" wrap="nowrap">
            <Poster title={{ ...title, duration_ms: null }} width={72} />
            <Anchor component={Link} to={`/titles/${title.id}`} c="inherit" fw={550} size="sm" truncate>
              {title.title}
            </Anchor>
          </Group>
        ),
      },
      {
        id: 'state',
        header: t`State`,
        width: '170px',
        cell: (title) =>
          isBusy(title) ? (
            <div>
              <TitleStateMark title={title} />
              <Progress.Root size={3} mt={4}>
                <Progress.Section value={title.progress_percent} aria-label={t`Preparation of ${title.title}`} />
              </Progress.Root>
            </div>
          ) : (
            <TitleStateMark title={title} />
          ),
      },
      {
        id: 'length',
        header: t`Length`,
        width: '90px',
        numeric: true,
        wideOnly: true,
        cell: ({ duration_ms: ms }) => (ms ? clock(ms) : <None />),
      },
      {
        id: 'size',
        header: t`Uploaded size`,
        width: '120px',
        numeric: true,
        wideOnly: true,
        cell: (title) => bytes(title.bytes, i18n.locale),
      },
      {
        id: 'created',
        header: t`Uploaded`,
        width: '150px',
        wideOnly: true,
        cell: (title) => <Time ms={title.created_ms} />,
      },
    ],
    [t, i18n.locale],
  );
  return (
    <DataTable
      label={t`Titles`}
      rows={titles}
      columns={columns}
      idOf={({ id }) => id}
      open={({ id }) => open(id)}
      more={more}
      loading={loading}
      rowHeight={64}
    />
  );
}

function None() {
  return (
    <Text span c="dimmed" size="sm">
      –
    </Text>
  );
}
