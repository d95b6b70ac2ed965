/** What connects this installation to others, its keys, and how the console looks. */

import { useLingui } from '@lingui/react/macro';
import { Tabs } from '@mantine/core';
import { PageHeader } from '~/parts/PageHeader';
import { useUrlState } from '~/parts/url-state';
import { useMay } from '~/session/session';
import { IdentityTab } from './IdentityTab';
import { KeysTab } from './KeysTab';
import { LookTab } from './LookTab';
import { PortalTab } from './PortalTab';
import { TokensTab } from './TokensTab';
import { WebhooksTab } from './WebhooksTab';

const DEFAULTS = { tab: 'webhooks' };

export default function SettingsPage() {
  const { t } = useLingui();
  const mayKeys = useMay('keys');
  const [{ tab }, change] = useUrlState(DEFAULTS);
  const tabs = [
    ['webhooks', t`Webhooks`, <WebhooksTab />],
    ['tokens', t`API tokens`, <TokensTab />],
    ...(mayKeys ? [['keys', t`Keys`, <KeysTab />] as const] : []),
    ['identity', t`Identity`, <IdentityTab />],
    ['portal', t`Portal`, <PortalTab />],
    ['look', t`Appearance`, <LookTab />],
  ] as const;
  return (
    <>
      <PageHeader title={t`Settings`} />
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? 'webhooks' }, false)} keepMounted={false}>
        <Tabs.List mb="md">
          {tabs.map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map(([value, , content]) => (
          <Tabs.Panel key={value} value={value}>
            {content}
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}
