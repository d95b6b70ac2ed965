/** Sites that the server proposes from what PCs see of their network: somebody approves them or does not. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Stack } from '@mantine/core';
import { IconBulb } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '~/api/client';
import { SITES_MS } from '~/api/sites';
import { lookAgain } from '~/live';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { StaleBadge } from '~/parts/StaleBadge';
import { ProposalCard } from './ProposalCard';

export function ProposalsTab() {
  const { t } = useLingui();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const board = useQuery({
    queryKey: ['site-proposals'],
    queryFn: () => ask(api.GET('/api/v1/site-proposals')),
    refetchInterval: () => lookAgain(SITES_MS),
  });
  if (board.isPending) return <Loading rows={4} height={90} />;
  if (board.isError && board.data === undefined) return <ErrorState error={board.error} retry={board.refetch} />;
  const { proposals, ambiguous, pcs_left: left } = board.data;
  const shown = proposals.filter(({ key }) => !hidden.has(key));
  const hide = (key: string) => setHidden((old) => new Set([...old, key]));
  const show = (key: string) => setHidden((old) => new Set([...old].filter((other) => other !== key)));
  return (
    <Stack>
      <StaleBadge followed sinceMs={board.dataUpdatedAt} afterMs={3 * SITES_MS} />
      {shown.length === 0 && (
        <EmptyState icon={IconBulb} title={t`There is no proposal now`}>
          <Trans>
            When PCs that are in no site see the same gateway and domain, a site is proposed for them here. Nothing changes
            until somebody approves it.
          </Trans>
        </EmptyState>
      )}
      {shown.map((proposal) => (
        <ProposalCard key={proposal.key} proposal={proposal} hide={hide} show={show} />
      ))}
      {left > 0 && (
        <Notice kind="info">
          <Plural
            value={left}
            one="# PC is in no site and in no proposal: it uses the origin."
            other="# PCs are in no site and in no proposal: they use the origin."
          />
        </Notice>
      )}
      {ambiguous.length > 0 && (
        <Notice kind="warn" title={t`Behind several gateways, so nobody is proposed`}>
          {ambiguous.map(({ subnet, gateways, pcs }) => (
            <div key={subnet}>
              <Trans>
                {subnet}: {gateways} gateways, {pcs} PCs
              </Trans>
            </div>
          ))}
        </Notice>
      )}
    </Stack>
  );
}
