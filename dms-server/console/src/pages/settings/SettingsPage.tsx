/** What connects this installation to others, its store and keys, and how the console looks. */

import { useLingui } from '@lingui/react/macro';
import { Tabs } from '@mantine/core';
import { type ComponentType, lazy, Suspense } from 'react';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { useUrlState } from '~/parts/url-state';
import { admits, useSession } from '~/session/session';
import IdentityTab from './IdentityTab';
import KeysTab from './KeysTab';
import LookTab from './LookTab';
import PortalTab from './PortalTab';
import { TABS } from './tabs';
import TokensTab from './TokensTab';
import WebhooksTab from './WebhooksTab';

const DEFAULTS = { tab: '' };

/** What they show. What is drawn and measured is loaded when it is first shown. */
const CONTENTS: Readonly<Record<string, ComponentType>> = {
  webhooks: WebhooksTab,
  tokens: TokensTab,
  keys: KeysTab,
  storage: lazy(async () => ({ default: (await import('./system')).StorageTab })),
  transcode: lazy(async () => ({ default: (await import('./system')).TranscodeTab })),
  branding: lazy(async () => ({ default: (await import('./system')).BrandingTab })),
  backup: lazy(async () => ({ default: (await import('./system')).BackupTab })),
  identity: IdentityTab,
  portal: PortalTab,
  look: LookTab,
};

export default function SettingsPage() {
  const { t, i18n } = useLingui();
  const may = useSession()?.may ?? [];
  const [{ tab }, change] = useUrlState(DEFAULTS);
  const tabs = TABS.filter((one) => admits(one.may, may));
  const first = tabs[0]?.value ?? '';
  const shown = tabs.some(({ value }) => value === tab) ? tab : first;
  return (
    <>
      <PageHeader title={t`Settings`} />
      <Tabs
        value={shown}
        onChange={(next) => change({ tab: next === null || next === first ? '' : next }, false)}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {tabs.map(({ value, title }) => (
            <Tabs.Tab key={value} value={value}>
              {i18n._(title)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map(({ value }) => {
          const Content = CONTENTS[value];
          return (
            <Tabs.Panel key={value} value={value}>
              <Suspense fallback={<Loading rows={4} />}>{Content && <Content />}</Suspense>
            </Tabs.Panel>
          );
        })}
      </Tabs>
    </>
  );
}
