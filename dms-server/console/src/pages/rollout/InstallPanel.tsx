/** What is run on a PC, with this server's address and the fresh token. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Stack, Switch, Text } from '@mantine/core';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { useUrlState } from '~/parts/url-state';
import { commands, isLoopback } from './commands';
import { Snippet } from './Snippet';

const DEFAULTS = { ca: 'system' };

export function InstallPanel({ token }: { token: string | null }) {
  const { t } = useLingui();
  const [{ ca }, change] = useUrlState(DEFAULTS);
  const isPrivate = ca === 'private';
  const { enrol, run, look } = commands(location.origin, token, isPrivate);
  const host = location.host;
  return (
    <Panel title={t`2. On the PC`}>
      <Stack>
        <Text size="sm" c="dimmed">
          <Trans>
            Put the program edge-peer on the PC first. It reaches this server and the device listener; inside a site PCs
            reach one another on TCP 7745.
          </Trans>
        </Text>
        {isLoopback(location.hostname) && (
          <Notice kind="warn">
            <Trans>
              {host} is this computer only. Open the console under the address that PCs reach, and the commands have it.
            </Trans>
          </Notice>
        )}
        {token === null && (
          <Notice kind="info">
            <Trans>Make a token above: it then stands in the commands.</Trans>
          </Notice>
        )}
        <Switch
          label={t`This server's certificate is of a private authority (ca.pem)`}
          checked={isPrivate}
          onChange={(event) => change({ ca: event.currentTarget.checked ? 'private' : 'system' })}
        />
        <Snippet label={t`Enrol, once`} text={enrol} />
        <Snippet label={t`Run the agent`} text={run} />
        <Snippet label={t`See what it shares, and what keeps it from sharing`} text={look} />
      </Stack>
    </Panel>
  );
}
