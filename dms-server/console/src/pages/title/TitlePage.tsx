/** One title: what it is, who may see it, how it is shown elsewhere, and what was done with it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Menu, Tabs } from '@mantine/core';
import { IconChevronDown, IconExternalLink, IconMovieOff, IconPencil, IconTrash } from '@tabler/icons-react';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { type Title, titleQuery } from '~/api/titles';
import { ApiError } from '~/api/problem';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { TitleStateMark } from '~/parts/TitleStateMark';
import { useUrlState } from '~/parts/url-state';
import { useMay } from '~/session/session';
import { Activity } from './Activity';
import { DeliveryTab } from './delivery/DeliveryTab';
import { CaptionsTab } from './captions/CaptionsTab';
import { Embed } from './Embed';
import { Overview } from './Overview';
import { PolicyTab } from './PolicyTab';
import { RenditionsTab } from './RenditionsTab';
import { EditTitle } from './EditTitle';
import { useDeleteTitle } from './delete-title';

/** Loaded when it is first shown: few people place breaks. */
const BreaksTab = lazy(() => import('./breaks/BreaksTab'));

const DEFAULTS = { tab: 'overview' };

export default function TitlePage() {
  const { t } = useLingui();
  const { title: id = '' } = useParams({ strict: false }) as { title?: string };
  const [{ tab }, change] = useUrlState(DEFAULTS);
  const query = useQuery(titleQuery(id));
  const mayPublish = useMay('publish');
  const mayNetwork = useMay('read_network');
  const mayAds = useMay('ads');
  const remove = useDeleteTitle();
  const [editing, edit] = useDisclosure();
  const above = { to: '/library', title: t`Library` };
  if (query.isPending) return <Loading rows={4} height={80} />;
  if (query.isError) {
    const gone = query.error instanceof ApiError && query.error.status === 404;
    return (
      <>
        <PageHeader title={t`Title`} above={above} />
        {gone ? <Gone /> : <ErrorState error={query.error} retry={query.refetch} />}
      </>
    );
  }
  const title = query.data;
  const tabs: readonly (readonly [string, string, React.ReactNode])[] = [
    ['overview', t`Overview`, <Overview key="overview" title={title} />],
    ['renditions', t`Renditions`, <RenditionsTab key="renditions" title={title} />],
    ...(mayPublish
      ? ([['captions', t`Captions and chapters`, <CaptionsTab key="captions" title={title} />]] as const)
      : []),
    ...(mayAds || mayPublish || tab === 'breaks' ? ([['breaks', t`Breaks`, <Breaks key="breaks" title={title} />]] as const) : []),
    ...(mayPublish ? ([['policy', t`Policy`, <PolicyTab key="policy" title={title} />]] as const) : []),
    ...(mayNetwork ? ([['delivery', t`Delivery`, <DeliveryTab key="delivery" title={title} />]] as const) : []),
    ['embed', t`Share and embed`, <Embed key="embed" title={title} />],
    ['activity', t`Activity`, <Activity key="activity" title={title} />],
  ];
  const shown = tabs.some(([name]) => name === tab) ? tab : 'overview';
  const actions = (
    <>
      {title.state === 'complete' && (
        <Button
          component="a"
          href={`/watch/${id}`}
          target="_blank"
          rel="noreferrer"
          variant="default"
          leftSection={<IconExternalLink size={16} />}
        >
          <Trans>Watch</Trans>
        </Button>
      )}
      {mayPublish && (
        <Menu width={260}>
          <Menu.Target>
            <Button variant="default" rightSection={<IconChevronDown size={14} />}>
              <Trans>More</Trans>
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPencil size={16} />} onClick={edit.open}>
              <Trans>Edit the name and description</Trans>
            </Menu.Item>
            <Menu.Item leftSection={<IconTrash size={16} />} onClick={() => remove(title)}>
              <Trans>Delete the title</Trans>
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
  return (
    <>
      <PageHeader title={title.title} above={above} mark={<TitleStateMark title={title} />} actions={actions} />
      {editing && <EditTitle id={id} close={edit.close} />}
      <Tabs value={shown} onChange={(next) => change({ tab: next ?? 'overview' }, false)} keepMounted={false}>
        <Tabs.List mb="lg" aria-label={t`Parts of the title`}>
          {tabs.map(([name, label]) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map(([name, , content]) => (
          <Tabs.Panel key={name} value={name}>
            {content}
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}

function Breaks({ title }: { title: Title }) {
  return (
    <Suspense fallback={<Loading rows={4} />}>
      <BreaksTab title={title} />
    </Suspense>
  );
}

function Gone() {
  const { t } = useLingui();
  const action = (
    <Button component={Link} to="/library">
      <Trans>To the library</Trans>
    </Button>
  );
  return (
    <EmptyState icon={IconMovieOff} title={t`This title is not there`} action={action}>
      <Trans>It was deleted, or its policy does not let you see it. Ask whoever sent you the link.</Trans>
    </EmptyState>
  );
}
