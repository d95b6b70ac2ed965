/** Bringing the agent to PCs: a token, the commands, the browsers' policy, and the first peer that arrives. */

import { useLingui } from '@lingui/react/macro';
import { Stack } from '@mantine/core';
import { useState } from 'react';
import { PageHeader } from '~/parts/PageHeader';
import { Arrivals } from './Arrivals';
import { InstallPanel } from './InstallPanel';
import { PathsPanel } from './PathsPanel';
import { PolicyPanel } from './PolicyPanel';
import { type Issued, TokenPanel } from './TokenPanel';

export default function RolloutPage() {
  const { t } = useLingui();
  const [issued, setIssued] = useState<Issued | null>(null);
  return (
    <>
      <PageHeader
        title={t`Rollout`}
        lead={t`Make a token, run the commands on a PC, and watch it arrive. Then repeat it with the tool that manages your PCs.`}
      />
      <Stack gap="lg">
        <TokenPanel issued={issued} change={setIssued} />
        <InstallPanel token={issued?.token ?? null} />
        <Arrivals sinceMs={issued?.madeMs ?? null} />
        <PolicyPanel />
        <PathsPanel />
      </Stack>
    </>
  );
}
