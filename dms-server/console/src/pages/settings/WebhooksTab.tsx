/** The webhooks; one opens in a drawer with its deliveries. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack } from '@mantine/core';
import { IconPlus, IconWebhook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api, ask, PAGE_LIMIT, type Schema } from '~/api/client';
import { type Column, DataTable } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { State } from '~/parts/State';
import { Time } from '~/parts/Time';
import { useUrlState } from '~/parts/url-state';
import { WebhookDrawer } from './WebhookDrawer';

type Webhook = Schema<'WebhookView'>;

const DEFAULTS = { webhook: '' };

export default function WebhooksTab() {
  const { t } = useLingui();
  const [{ webhook }, change] = useUrlState(DEFAULTS);
  const [deleting, setDeleting] = useState<string | null>(null);
  // There are at most 50 of them.
  const list = useQuery({
    queryKey: ['webhooks'],
    queryFn: () => ask(api.GET('/api/v1/webhooks', { params: { query: { limit: PAGE_LIMIT } } })),
  });
  const rows = useMemo(() => list.data?.items.filter(({ id }) => id !== deleting) ?? [], [list.data, deleting]);
  const columns = useMemo<Column<Webhook>[]>(
    () => [
      { id: 'url', header: t`Address`, width: 'minmax(150px, 2fr)', cell: ({ url }) => <strong>{url}</strong> },
      {
        id: 'events',
        header: t`Events`,
        width: 'minmax(0, 1.5fr)',
        wideOnly: true,
        cell: ({ events }) => (events.length === 0 ? t`all` : events.join(', ')),
      },
      {
        id: 'state',
        header: t`State`,
        width: '130px',
        cell: ({ enabled, disabled_reason: reason }) =>
          enabled ? (
            <State tone="ok">
              <Trans>On</Trans>
            </State>
          ) : (
            <State tone={reason ? 'bad' : 'quiet'}>
              <Trans>Off</Trans>
            </State>
          ),
      },
      { id: 'made', header: t`Made`, width: '140px', wideOnly: true, cell: ({ created_ms: ms }) => <Time ms={ms} /> },
    ],
    [t],
  );
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => change({ webhook: 'new' }, false)}>
      <Trans>Add a webhook</Trans>
    </Button>
  );
  return (
    <Stack>
      {rows.length > 0 && <Group justify="flex-end">{add}</Group>}
      {list.isPending && <Loading rows={4} />}
      {list.isError && list.data === undefined && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && rows.length === 0 && (
        <EmptyState icon={IconWebhook} title={t`There is no webhook yet`} action={add}>
          <Trans>Tell your other systems when a title is published, a PC enrols, or a campaign ends.</Trans>
        </EmptyState>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t`Webhooks`}
          rows={rows}
          columns={columns}
          idOf={({ id }) => id}
          open={({ id }) => change({ webhook: id }, false)}
        />
      )}
      <WebhookDrawer
        opened={webhook === 'new' || rows.some(({ id }) => id === webhook)}
        webhook={rows.find(({ id }) => id === webhook) ?? null}
        close={() => change({ webhook: '' }, false)}
        hide={setDeleting}
      />
    </Stack>
  );
}
