/** What needs attention, what is going on, and four numbers; each only from what the API gives. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, Progress, SimpleGrid, Stack } from '@mantine/core';
import { IconCircleCheck, IconMovie, IconUpload } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { isBusy, useRecentTitles } from '~/api/titles';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { Panel } from '~/parts/Panel';
import { Poster } from '~/parts/Poster';
import { StaleBadge } from '~/parts/StaleBadge';
import { Time } from '~/parts/Time';
import { TitleStateMark } from '~/parts/TitleStateMark';
import { useMay, useSession } from '~/session/session';
import { Attention } from './Attention';
import classes from './Home.module.css';
import { Tiles } from './Tiles';

/** Titles that are shown as the newest. */
const NEWEST = 6;

export default function Home() {
  const { t } = useLingui();
  const name = useSession()?.subject ?? '';
  const mayPublish = useMay('publish');
  const titles = useRecentTitles();
  const all = titles.data?.items ?? [];
  const busy = all.filter(isBusy);
  const newest = all.filter(({ state }) => state === 'complete').slice(0, NEWEST);
  const upload = mayPublish && (
    <Button component={Link} to="/uploads" leftSection={<IconUpload size={16} />}>
      <Trans>Upload</Trans>
    </Button>
  );
  return (
    <>
      <PageHeader
        title={t`Home`}
        lead={t`Welcome back, ${name}.`}
        mark={<StaleBadge followed sinceMs={titles.dataUpdatedAt} afterMs={60_000} />}
        actions={upload}
      />
      <Stack gap="lg">
        <Tiles titles={titles.data} />
        {titles.isPending && <Loading rows={4} />}
        {titles.isError && all.length === 0 && <ErrorState error={titles.error} retry={titles.refetch} />}
        {titles.isSuccess && (
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <Attention titles={all} />
            <Panel title={t`Going on now`}>
              {busy.length === 0 ? (
                <p className={classes.quiet}>
                  <IconCircleCheck size={18} aria-hidden />
                  <Trans>No title is being prepared.</Trans>
                </p>
              ) : (
                <ul className={classes.list}>
                  {busy.map((title) => (
                    <li key={title.id}>
                      <div className={classes.line}>
                        <Anchor component={Link} to={`/titles/${title.id}`} size="sm" truncate>
                          {title.title}
                        </Anchor>
                        <TitleStateMark title={title} />
                      </div>
                      <Progress.Root size="sm" mt={6}>
                        <Progress.Section
                          value={title.progress_percent}
                          aria-label={t`Preparation of ${title.title}`}
                        />
                      </Progress.Root>
                    </li>
                  ))}
                </ul>
              )}
            </Panel>
          </SimpleGrid>
        )}
        {titles.isSuccess && all.length === 0 && (
          <EmptyState icon={IconMovie} title={t`There is no title yet`} action={upload}>
            <Trans>The newest titles are shown here, and above what needs somebody to look at it.</Trans>
          </EmptyState>
        )}
        {newest.length > 0 && (
          <Panel
            title={t`Newest titles`}
            actions={
              <Anchor component={Link} to="/library" size="sm">
                <Trans>All titles</Trans>
              </Anchor>
            }
          >
            <ul className={classes.newest}>
              {newest.map((title) => (
                <li key={title.id} className={classes.title}>
                  <Poster title={title} />
                  <Link to={`/titles/${title.id}`}>{title.title}</Link>
                  <span>
                    <Time ms={title.created_ms} />
                  </span>
                </li>
              ))}
            </ul>
          </Panel>
        )}
      </Stack>
    </>
  );
}
