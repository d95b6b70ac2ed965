/** What the agent knows, and who else does. */

import { Trans, useLingui } from '@lingui/react/macro';
import { List } from '@mantine/core';
import { Panel } from '~/parts/Panel';

export function Privacy() {
  const { t } = useLingui();
  return (
    <Panel title={t`Privacy`}>
      <List size="sm" spacing={6}>
        <List.Item>
          <Trans>
            The agent carries encrypted pieces of video. It cannot open them, and neither can the PCs it gives to.
          </Trans>
        </List.Item>
        <List.Item>
          <Trans>It looks at no file, page, camera or microphone of this PC.</Trans>
        </List.Item>
        <List.Item>
          <Trans>
            PCs of your office see which encrypted pieces this one asks for and has, not who you are and what they are.
          </Trans>
        </List.Item>
        <List.Item>
          <Trans>
            Your company's server knows which licences this PC's players ask for, what they report as played, and how many
            bytes it gives and takes.
          </Trans>
        </List.Item>
        <List.Item>
          <Trans>
            It also knows which network this PC is in: its address, the subnet, the network's domain and a fingerprint of
            the gateway. Offices are found by these.
          </Trans>
        </List.Item>
        <List.Item>
          <Trans>Nothing goes to anybody else.</Trans>
        </List.Item>
      </List>
    </Panel>
  );
}
