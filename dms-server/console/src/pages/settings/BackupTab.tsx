/** Backups on the server's machine: making one, which there are, and how an installation is started from one. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, List, Progress, Stack, Text } from '@mantine/core';
import { IconArchive, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, type Schema, toApiError } from '~/api/client';
import { DataTable, type Column } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { FormProblem } from '~/parts/FormProblem';
import { absolute, bytes, count } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { Time } from '~/parts/Time';
import { failed, undoable } from '~/parts/toast';

type Backups = Schema<'BackupList'>;
type Backup = Schema<'BackupView'>;

/** How often to look while one is being made, ms. */
const BUSY_MS = 500;

export default function BackupTab() {
  const backups = useQuery({
    queryKey: ['backups'],
    queryFn: () => ask(api.GET('/api/v1/backups')),
    refetchInterval: ({ state: { data } }) => (data?.making ? BUSY_MS : false),
  });
  if (backups.isPending) return <Loading rows={4} />;
  if (backups.isError && backups.data === undefined) return <ErrorState error={backups.error} retry={backups.refetch} />;
  return (
    <Stack gap="lg">
      {backups.data.possible ? <Made backups={backups.data} /> : <Elsewhere />}
      <Contents backups={backups.data} />
    </Stack>
  );
}

function Made({ backups }: { backups: Backups }) {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const [hidden, hide] = useState<string | null>(null);
  const make = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/backups')),
    onSettled: () => client.invalidateQueries({ queryKey: ['backups'] }),
  });
  const { making, failed: failure, items } = backups;
  const shown = items.filter(({ name }) => name !== hidden);
  const latest = shown[0];
  const action = (
    <Button
      leftSection={<IconArchive size={16} />}
      loading={make.isPending}
      disabled={making != null}
      onClick={() => make.mutate()}
    >
      <Trans>Make a backup</Trans>
    </Button>
  );
  return (
    <Panel title={t`Backups on the server`} actions={action}>
      <Stack gap="md">
        {make.isError && <FormProblem error={toApiError(make.error)} title={t`No backup was begun`} />}
        {failure && <Failure failure={failure} />}
        {making && <Making making={making} />}
        {latest && (
          <Text size="sm">
            <Trans>
              The last one was made <Time ms={latest.made_ms} />.
            </Trans>
          </Text>
        )}
        {shown.length > 0 ? (
          <Kept items={shown} hide={hide} />
        ) : (
          !making && (
            <EmptyState icon={IconArchive} title={t`There is no backup yet`}>
              <Trans>Make one before each upgrade, and copy it to another machine.</Trans>
            </EmptyState>
          )
        )}
        <Text size="sm" c="dimmed">
          <Trans>
            They lie in <Code>{backups.folder}</Code>, {count(backups.most, i18n.locale)} at most. They hold every key, so they are
            not given away over the network: copy them from the server's machine, and keep them as secretly as the masters.
          </Trans>
        </Text>
      </Stack>
    </Panel>
  );
}

function Making({ making }: { making: Schema<'BackupMaking'> }) {
  const { t, i18n } = useLingui();
  const share = making.expected_bytes === 0 ? 0 : Math.min(1, making.written_bytes / making.expected_bytes);
  const [done, all] = [bytes(making.written_bytes, i18n.locale), bytes(making.expected_bytes, i18n.locale)];
  return (
    <div role="status">
      <Text size="sm" mb={6}>
        <Trans>
          The database is being copied: {done} of about {all}.
        </Trans>
      </Text>
      <Progress value={100 * share} aria-label={t`How much of the database is copied`} />
    </div>
  );
}

function Failure({ failure }: { failure: Schema<'BackupFailure'> }) {
  const { t } = useLingui();
  return (
    <Notice kind="bad" title={t`The last backup did not come about`}>
      <Text size="sm" data-problem-code={failure.code}>
        {failure.code === 'storage_full' ? (
          <Trans>There was no room on the disk. Remove an old backup, or free room, and try again.</Trans>
        ) : (
          <Trans>The server's log says why. What was written of it is removed again.</Trans>
        )}{' '}
        <Time ms={failure.at_ms} />
      </Text>
    </Notice>
  );
}

function Kept({ items, hide }: { items: readonly Backup[]; hide: (name: string | null) => void }) {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const remove = ({ name: backup, made_ms: ms }: Backup) => {
    const act = async () => {
      try {
        const params = { path: { backup } };
        await ask(api.DELETE('/api/v1/backups/{backup}', { params, keepalive: true }));
      } catch (error) {
        const problem = toApiError(error);
        failed(t`The backup was not removed. ${problemText(problem)} (${problem.code})`);
      }
      await client.invalidateQueries({ queryKey: ['backups'] });
      hide(null);
    };
    const when = absolute(ms, i18n.locale);
    undoable({
      message: <Trans>The backup of {when} is being removed.</Trans>,
      act: () => void act(),
      hide: () => hide(backup),
      show: () => hide(null),
    });
  };
  const columns: Column<Backup>[] = [
    { id: 'made', header: t`Made`, width: 'minmax(150px, 1fr)', cell: ({ made_ms: ms }) => absolute(ms, i18n.locale) },
    {
      id: 'bytes',
      header: t`Database`,
      width: '120px',
      numeric: true,
      cell: ({ database_bytes: size }) => bytes(size, i18n.locale),
    },
    { id: 'keys', header: t`Key files`, width: '110px', numeric: true, wideOnly: true, cell: ({ keys }) => count(keys, i18n.locale) },
    {
      id: 'remove',
      header: '',
      width: '130px',
      cell: (backup) => {
        const when = absolute(backup.made_ms, i18n.locale);
        return (
          <Button
            size="xs"
            variant="subtle"
            color="red"
            leftSection={<IconTrash size={14} />}
            aria-label={t`Remove the backup of ${when}`}
            onClick={() => remove(backup)}
          >
            <Trans>Remove</Trans>
          </Button>
        );
      },
    },
  ];
  return <DataTable label={t`Backups`} rows={items} columns={columns} idOf={({ name }) => name} />;
}

/** A database that has programs of its own for this. */
function Elsewhere() {
  const { t } = useLingui();
  return (
    <Panel title={t`Backups of PostgreSQL`}>
      <Stack gap="sm">
        <Text size="sm">
          <Trans>The database is copied by PostgreSQL's own program, and then the folder of keys:</Trans>
        </Text>
        <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{'pg_dump -Fc -h HOST -U dms -f backup/dms.dump dms\ncp -a DATA/keys backup/'}</Code>
      </Stack>
    </Panel>
  );
}

function Contents({ backups }: { backups: Backups }) {
  const { t } = useLingui();
  const folder = `${backups.folder}/NAME`;
  return (
    <Panel title={t`What is in a backup, and how to start from one`}>
      <Stack gap="sm">
        <List size="sm" spacing="xs">
          <List.Item>
            <Trans>In it: titles, people, rights, sites, devices, settings, the audit log, and every key.</Trans>
          </List.Item>
          <List.Item>
            <Trans>
              Not in it: the encrypted chunks, which lie in <Code>{backups.store}</Code>. Copy them as well, by the means of that
              disk; without them nothing plays. The sources of running uploads are not in it either.
            </Trans>
          </List.Item>
        </List>
        <Text size="sm">
          <Trans>To start from one: stop the server, put the copies in place, and start it again.</Trans>
        </Text>
        {backups.possible && <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{`mkdir -m 700 NEW-DATA\ncp -a ${folder}/dms.db ${folder}/keys NEW-DATA/\ncp -a COPY-OF-THE-STORE NEW-DATA/store\ndms serve --data NEW-DATA`}</Code>}
      </Stack>
    </Panel>
  );
}
