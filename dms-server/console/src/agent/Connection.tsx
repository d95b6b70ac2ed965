/** Test my connection. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, Stack, Text } from '@mantine/core';
import { IconPlugConnected } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { State, type Tone } from '~/parts/State';
import { agent, type Verdict } from './api';
import { Failed } from './Failed';
import classes from './Page.module.css';

const TONES: Record<Verdict, Tone> = { ok: 'ok', warning: 'warn', problem: 'bad', skipped: 'quiet' };

export function Connection() {
  const { t } = useLingui();
  const test = useMutation({ mutationFn: agent.test });
  const verdicts: Record<Verdict, string> = {
    ok: t`Fine`,
    warning: t`Warning`,
    problem: t`Problem`,
    skipped: t`Skipped`,
  };
  const names: Record<string, string> = {
    enrolment: t`Enrolment`,
    certificate: t`Certificate`,
    dms: t`Server`,
    clock: t`Clock`,
    agent: t`Agent`,
    control: t`Control connection`,
    site: t`Office`,
    sharing: t`Sharing`,
    'chunk listener': t`Reachable for colleagues`,
    peers: t`Colleagues' PCs`,
    disk: t`Disk`,
    integrity: t`Stored pieces`,
  };
  const action = (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconPlugConnected size={14} />}
      loading={test.isPending}
      onClick={() => test.mutate()}
    >
      <Trans>Test my connection</Trans>
    </Button>
  );
  return (
    <Panel title={t`Connection`} actions={action}>
      <Failed error={test.error} />
      <div aria-live="polite" aria-busy={test.isPending}>
        {test.data ? (
          <Stack gap="sm" data-examined={test.data.ok}>
            {test.data.ok ? (
              <Notice kind="ok">
                <Trans>Nothing keeps this PC from sharing and playing.</Trans>
              </Notice>
            ) : (
              <Notice kind="bad">
                <Trans>Something keeps this PC from sharing or playing. Each problem says what helps.</Trans>
              </Notice>
            )}
            <div>
              {test.data.checks.map((check) => (
                <div key={check.check} className={classes.check} data-check={check.check}>
                  <div>
                    <State tone={TONES[check.verdict]}>{verdicts[check.verdict]}</State>
                  </div>
                  <div>
                    <strong>{names[check.check] ?? check.check}</strong>
                    <p lang="en">{check.measured}</p>
                    {check.fix && (
                      <p lang="en">
                        {check.why}: <Code>{check.fix}</Code>
                      </p>
                    )}
                  </div>
                </div>
              ))}
            </div>
          </Stack>
        ) : (
          <Text c="dimmed" size="sm">
            <Trans>
              Looks at the server, the certificate, the clock, the PCs of your office and the disk. It takes a few
              seconds.
            </Trans>
          </Text>
        )}
      </div>
    </Panel>
  );
}
