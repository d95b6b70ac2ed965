/** What connects this installation to others, its store and keys, and how the console looks. */

import { useLingui } from '@lingui/react/macro';
import { Tabs } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { admits } from '~/app/page';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { useUrlState } from '~/parts/url-state';
import { useSession } from '~/session/session';
import { TABS } from './tabs';

const DEFAULTS = { tab: '' };

const CONTENTS = new Map(TABS.map(({ value, load }) => [value, lazy(load)]));

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
          const Content = CONTENTS.get(value);
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
