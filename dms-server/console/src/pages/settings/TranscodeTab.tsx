/** The profiles that videos are transcoded with; one opens in a drawer with the renditions that it makes. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack, Text } from '@mantine/core';
import { IconPlus, IconStack2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { type Profile, profilesQuery } from '~/api/profiles';
import { type Column, DataTable } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { count, percent } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { State } from '~/parts/State';
import { useUrlState } from '~/parts/url-state';
import { ProfileDrawer } from './ProfileDrawer';

const DEFAULTS = { profile: '' };

export default function TranscodeTab() {
  const { t, i18n } = useLingui();
  const [{ profile }, change] = useUrlState(DEFAULTS);
  const [deleting, setDeleting] = useState<string | null>(null);
  const list = useQuery(profilesQuery);
  const rows = useMemo(() => list.data?.items.filter(({ id }) => id !== deleting) ?? [], [list.data, deleting]);
  const columns = useMemo<Column<Profile>[]>(
    () => [
      { id: 'name', header: t`Name`, width: 'minmax(130px, 2fr)', cell: ({ name }) => <strong>{name}</strong> },
      { id: 'height', header: t`At most`, width: '90px', numeric: true, cell: ({ max_height: lines }) => `${lines}p` },
      {
        id: 'bits',
        header: t`Bits`,
        width: '90px',
        numeric: true,
        cell: ({ bit_rate_percent: share }) => percent(share / 100, i18n.locale),
      },
      {
        id: 'frames',
        header: t`Pictures a second`,
        width: '150px',
        numeric: true,
        wideOnly: true,
        cell: ({ max_frame_rate: rate }) => count(rate, i18n.locale),
      },
      {
        id: 'default',
        header: t`Default`,
        width: '120px',
        cell: ({ default: is }) =>
          is && (
            <State tone="ok">
              <Trans>Default</Trans>
            </State>
          ),
      },
    ],
    [t, i18n],
  );
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => change({ profile: 'new' }, false)}>
      <Trans>Add a profile</Trans>
    </Button>
  );
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <Text size="sm" c="dimmed" maw={640}>
          <Trans>
            Publishers choose one when they upload; the default is for who chooses none. What is published already stays as
            it is.
          </Trans>
        </Text>
        {rows.length > 0 && add}
      </Group>
      {list.isPending && <Loading rows={4} />}
      {list.isError && list.data === undefined && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && rows.length === 0 && (
        <EmptyState icon={IconStack2} title={t`There is no profile`} action={add}>
          <Trans>A profile says how tall videos are made, with how many bits, and how many pictures a second.</Trans>
        </EmptyState>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t`Transcode profiles`}
          rows={rows}
          columns={columns}
          idOf={({ id }) => id}
          open={({ id }) => change({ profile: id }, false)}
        />
      )}
      <ProfileDrawer
        opened={profile === 'new' || rows.some(({ id }) => id === profile)}
        profile={rows.find(({ id }) => id === profile) ?? null}
        close={() => change({ profile: '' }, false)}
        hide={setDeleting}
      />
    </Stack>
  );
}
