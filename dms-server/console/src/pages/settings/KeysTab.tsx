/** Which keys wrap the others, and rotating them; what manifests and licences are checked with. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, Stack, Text } from '@mantine/core';
import { IconRefreshDot } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, ask, type Schema, toApiError } from '~/api/client';
import { type Column, DataTable } from '~/parts/DataTable';
import { ErrorState } from '~/parts/ErrorState';
import { count } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { State, type Tone } from '~/parts/State';
import { Time } from '~/parts/Time';
import { failed, undoable } from '~/parts/toast';

type Kek = Schema<'KekView'>;

/** How often to look while a rotation goes on, ms. */
const BUSY_MS = 2_000;

export default function KeysTab() {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const keys = useQuery({
    queryKey: ['keys'],
    queryFn: () => ask(api.GET('/api/v1/keys')),
    refetchInterval: ({ state: { data } }) => (data?.rewrapping ? BUSY_MS : false),
  });
  const trust = useQuery({ queryKey: ['trust'], queryFn: () => ask(api.GET('/api/v1/trust')) });
  const states = useMemo<Record<string, { name: string; tone: Tone }>>(
    () => ({
      current: { name: t`Current`, tone: 'ok' },
      rewrapping: { name: t`Being replaced`, tone: 'busy' },
      retired: { name: t`Retired`, tone: 'quiet' },
      removed: { name: t`Removed`, tone: 'quiet' },
    }),
    [t],
  );
  const columns = useMemo<Column<Kek>[]>(
    () => [
      { id: 'id', header: t`Key`, width: 'minmax(150px, 1fr)', cell: ({ id }) => <Code>{id}</Code> },
      {
        id: 'state',
        header: t`State`,
        width: '150px',
        cell: ({ state }) => <State tone={states[state]?.tone ?? 'quiet'}>{states[state]?.name ?? state}</State>,
      },
      {
        id: 'needed',
        header: t`Needed by`,
        width: '110px',
        numeric: true,
        cell: ({ needed_by: by }) => count(by, i18n.locale),
      },
      { id: 'made', header: t`Made`, width: '150px', wideOnly: true, cell: ({ made_ms: ms }) => <Time ms={ms} /> },
    ],
    [t, i18n, states],
  );
  const rotate = () => {
    const act = async () => {
      try {
        await ask(api.POST('/api/v1/keys/rotate', { keepalive: true }));
      } catch (error) {
        const problem = toApiError(error);
        failed(t`The keys are not being rotated. ${problemText(problem)} (${problem.code})`);
      }
      await client.invalidateQueries({ queryKey: ['keys'] });
    };
    undoable({ message: <Trans>The key encryption key is being rotated.</Trans>, act: () => void act() });
  };
  if (keys.isPending) return <Loading rows={4} />;
  if (keys.isError && keys.data === undefined) return <ErrorState error={keys.error} retry={keys.refetch} />;
  const left = count(keys.data.left, i18n.locale);
  return (
    <Stack gap="lg">
      <Panel
        title={t`Key encryption keys`}
        actions={
          <Button
            variant="default"
            leftSection={<IconRefreshDot size={16} />}
            disabled={keys.data.rewrapping}
            onClick={rotate}
          >
            <Trans>Rotate</Trans>
          </Button>
        }
      >
        <Stack>
          <Text size="sm" c="dimmed">
            <Trans>They wrap the keys of titles and other secrets. The keys themselves never leave the server.</Trans>
          </Text>
          {keys.data.rewrapping && (
            <Notice kind="info">
              <Trans>What older keys wrapped is being wrapped anew; {left} left.</Trans>
            </Notice>
          )}
          <DataTable label={t`Key encryption keys`} rows={keys.data.items} columns={columns} idOf={({ id }) => id} />
        </Stack>
      </Panel>
      {trust.data && (
        <Panel title={t`Signatures are checked with`}>
          <Stack gap="xs">
            {[
              [t`Manifests`, trust.data.manifest_keys] as const,
              [t`Licences`, trust.data.license_keys] as const,
            ].map(([label, all]) => (
              <div key={label}>
                <Text size="xs" c="dimmed">
                  {label}
                </Text>
                {all.map((key) => (
                  <div key={key}>
                    <Code style={{ overflowWrap: 'anywhere' }}>{key}</Code>
                  </div>
                ))}
              </div>
            ))}
          </Stack>
        </Panel>
      )}
    </Stack>
  );
}
