/** What there is to see while the agent is not there, or does not know this page. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Code } from '@mantine/core';
import { IconKey, IconPlugConnectedX, IconPower } from '@tabler/icons-react';
import { EmptyState } from '~/parts/EmptyState';

interface Props {
  readonly reason: 'quit' | 'signed_out' | 'away';
  /** Whether a service manager started the agent. */
  readonly service?: boolean;
}

export function Away({ reason, service = false }: Props) {
  const { t } = useLingui();
  if (reason === 'quit') {
    return (
      <EmptyState icon={IconPower} title={t`The agent ended`}>
        {service ? (
          <Trans>
            Nothing is shared any more. A service manager started the agent and will start it again with this PC; to
            keep it off, disable its service or ask your IT.
          </Trans>
        ) : (
          <Trans>
            Nothing is shared any more. It starts again when somebody starts it: <Code>edge-peer run</Code>
          </Trans>
        )}
      </EmptyState>
    );
  }
  if (reason === 'signed_out') {
    return (
      <EmptyState icon={IconKey} title={t`Open this page from this PC`}>
        <Trans>
          So that no website and no other user of this PC can use it, this page opens by a link that works once:{' '}
          <Code>edge-peer open</Code>
        </Trans>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={IconPlugConnectedX} title={t`The agent does not answer`}>
      <Trans>
        It ended, or is starting. Nothing is shared while it is away. This page goes on asking; if it stays away, start
        it with <Code>edge-peer run</Code>
      </Trans>
    </EmptyState>
  );
}
