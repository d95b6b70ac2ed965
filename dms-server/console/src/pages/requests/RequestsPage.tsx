/** Who asks to be let in to titles, and what was answered. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Center, SegmentedControl } from '@mantine/core';
import { IconUserQuestion } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { accessRequestsQuery, type RequestState } from '~/api/requests';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { Panel } from '~/parts/Panel';
import { StaleBadge } from '~/parts/StaleBadge';
import { useUrlState } from '~/parts/url-state';
import { RequestList } from './RequestList';

const DEFAULTS = { state: 'open' };
const STATES: readonly string[] = ['open', 'granted', 'denied'];

export default function RequestsPage() {
  const { t } = useLingui();
  const [{ state }, change] = useUrlState(DEFAULTS);
  const shown = STATES.includes(state) ? (state as RequestState) : null;
  const list = useInfiniteQuery(accessRequestsQuery(shown));
  const requests = list.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <PageHeader
        title={t`Access requests`}
        lead={t`Who is not in a title's audience can ask to be let in. Granting adds the person to the audience.`}
        mark={<StaleBadge sinceMs={list.dataUpdatedAt} afterMs={120_000} />}
        actions={
          <SegmentedControl
            aria-label={t`Which requests`}
            value={shown ?? 'any'}
            onChange={(next) => change({ state: next }, false)}
            data={[
              { value: 'open', label: t`Open` },
              { value: 'granted', label: t`Granted` },
              { value: 'denied', label: t`Refused` },
              { value: 'any', label: t`All` },
            ]}
          />
        }
      />
      {list.isPending && <Loading rows={4} height={64} />}
      {list.isError && !list.data && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && requests.length === 0 && (
        <EmptyState icon={IconUserQuestion} title={shown === 'open' ? t`Nobody waits for an answer` : t`There are none`}>
          <Trans>When somebody opens a title that is not for them, its page can ask you. What they wrote is shown here.</Trans>
        </EmptyState>
      )}
      {requests.length > 0 && (
        <Panel flush>
          <RequestList requests={requests} />
        </Panel>
      )}
      {list.hasNextPage && (
        <Center mt="lg">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            <Trans>Show more</Trans>
          </Button>
        </Center>
      )}
    </>
  );
}
