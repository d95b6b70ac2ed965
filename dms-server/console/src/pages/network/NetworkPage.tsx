/** Sites, the peers in them, and what was changed lately. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Tabs } from '@mantine/core';
import { PageHeader } from '~/parts/PageHeader';
import { useUrlState } from '~/parts/url-state';
import { useMay } from '~/session/session';
import { ChangesTab } from './ChangesTab';
import { FlowsTab } from './FlowsTab';
import { PeersTab } from './PeersTab';
import { ProposalsTab } from './ProposalsTab';
import { SitesTab } from './SitesTab';

const DEFAULTS = { tab: 'sites' };

export default function NetworkPage() {
  const { t } = useLingui();
  const [{ tab }, change] = useUrlState(DEFAULTS);
  const mayDevices = useMay('read_devices');
  return (
    <>
      <PageHeader
        title={t`Network`}
        lead={t`A site is an office: its subnets, and what its peers may do. Peers share within their site; one in no site uses the origin.`}
      />
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? 'sites' }, false)} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="sites">
            <Trans>Sites</Trans>
          </Tabs.Tab>
          {mayDevices && (
            <Tabs.Tab value="peers">
              <Trans>Peers</Trans>
            </Tabs.Tab>
          )}
          <Tabs.Tab value="flows">
            <Trans>Matrix and flows</Trans>
          </Tabs.Tab>
          <Tabs.Tab value="proposals">
            <Trans>Proposals</Trans>
          </Tabs.Tab>
          <Tabs.Tab value="changes">
            <Trans>Changes</Trans>
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="sites">
          <SitesTab />
        </Tabs.Panel>
        {mayDevices && (
          <Tabs.Panel value="peers">
            <PeersTab />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="flows">
          <FlowsTab />
        </Tabs.Panel>
        <Tabs.Panel value="proposals">
          <ProposalsTab />
        </Tabs.Panel>
        <Tabs.Panel value="changes">
          <ChangesTab />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
