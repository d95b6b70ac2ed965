/** What the agent refused, in a sentence with its code. */

import { useLingui } from '@lingui/react/macro';
import { Code } from '@mantine/core';
import { Notice } from '~/parts/Notice';
import { AgentError } from './api';

export function Failed({ error }: { error: Error | null }) {
  const { t } = useLingui();
  if (!error) return null;
  const code = error instanceof AgentError ? error.code : 'unexpected';
  const said: Record<string, string> = {
    away: t`The agent does not answer. Try again in a moment.`,
    not_kept: t`It is in force, but the disk is full: it will not outlive a restart.`,
    test_running: t`A test is running already. Try again when it is done.`,
    invalid: t`The agent did not understand this. Reload the page and try again.`,
  };
  return (
    <Notice kind="bad">
      {said[code] ?? <span lang="en">{error.message}</span>} <Code>{code}</Code>
    </Notice>
  );
}
