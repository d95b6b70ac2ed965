/** What was sent to a webhook, newest first; each can be sent again. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { api, ask, toApiError } from '~/api/client';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { useProblemText } from '~/parts/problem-text';
import { State, type Tone } from '~/parts/State';
import { Time } from '~/parts/Time';
import { done, failed } from '~/parts/toast';

/** Deliveries of a page. */
const PAGE = 20;

const TONES: Readonly<Record<string, Tone>> = { pending: 'busy', delivered: 'ok', dead: 'bad' };

export function Deliveries({ webhook }: { webhook: string }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const log = useInfiniteQuery({
    queryKey: ['webhooks', webhook, 'deliveries'],
    queryFn: ({ pageParam }) => {
      const query = { limit: PAGE, ...(pageParam && { cursor: pageParam }) };
      return ask(api.GET('/api/v1/webhooks/{webhook}/deliveries', { params: { path: { webhook }, query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
  const names: Readonly<Record<string, string>> = { pending: t`Pending`, delivered: t`Delivered`, dead: t`Given up` };
  const retry = async (delivery: string) => {
    try {
      const params = { path: { webhook, delivery } };
      await ask(api.POST('/api/v1/webhooks/{webhook}/deliveries/{delivery}/retry', { params }));
      done(<Trans>It is being sent again.</Trans>);
    } catch (error) {
      const problem = toApiError(error);
      failed(t`It is not sent again. ${problemText(problem)} (${problem.code})`);
    }
    await client.invalidateQueries({ queryKey: ['webhooks', webhook] });
  };
  const items = log.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack gap="sm">
      <Title order={3}>
        <Trans>Deliveries</Trans>
      </Title>
      {log.isPending && <Loading rows={3} />}
      {log.isError && items.length === 0 && <ErrorState error={log.error} retry={log.refetch} />}
      {log.isSuccess && items.length === 0 && (
        <Text size="sm" c="dimmed">
          <Trans>Nothing was sent yet. The log keeps 30 days.</Trans>
        </Text>
      )}
      {items.map(({ id, type, state, created_ms: ms, error, attempts }) => (
        <Group key={id} justify="space-between" align="flex-start" wrap="nowrap">
          <div style={{ minWidth: 0 }}>
            <Group gap="xs">
              <Code>{type}</Code>
              <State tone={TONES[state] ?? 'quiet'}>{names[state] ?? state}</State>
              <Text size="xs" c="dimmed" component="span">
                <Time ms={ms} />
              </Text>
            </Group>
            {error && (
              <Text size="xs" c="dimmed">
                {error} (<Trans>attempts: {attempts}</Trans>)
              </Text>
            )}
          </div>
          <Button size="xs" variant="default" onClick={() => void retry(id)}>
            <Trans>Retry</Trans>
          </Button>
        </Group>
      ))}
      {log.hasNextPage && (
        <Button variant="subtle" size="xs" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
          <Trans>Show more</Trans>
        </Button>
      )}
    </Stack>
  );
}
