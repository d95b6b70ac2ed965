/** Who is here, and which groups there are. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Tabs } from '@mantine/core';
import { PageHeader } from '~/parts/PageHeader';
import { useUrlState } from '~/parts/url-state';
import { GroupsTab } from './GroupsTab';
import { PeopleTab } from './PeopleTab';

const DEFAULTS = { tab: 'people' };

export default function PeoplePage() {
  const { t } = useLingui();
  const [{ tab }, change] = useUrlState(DEFAULTS);
  return (
    <>
      <PageHeader
        title={t`People`}
        lead={t`Roles say what somebody may do here; groups say who may see a title, and may bring roles with them.`}
      />
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? 'people' }, false)} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="people">
            <Trans>People</Trans>
          </Tabs.Tab>
          <Tabs.Tab value="groups">
            <Trans>Groups</Trans>
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="people">
          <PeopleTab />
        </Tabs.Panel>
        <Tabs.Panel value="groups">
          <GroupsTab />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
