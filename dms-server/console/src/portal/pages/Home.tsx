/** What to go on with, what may be for this person, what they saved, what is new, and a row for each large tag. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Box, Button, Skeleton } from '@mantine/core';
import { IconMovie, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Notice } from '~/parts/Notice';
import { PageHeader } from '~/parts/PageHeader';
import { StaleBadge } from '~/parts/StaleBadge';
import { useMay, useSession } from '~/session/session';
import { usePreference } from '../preferences';
import { continueQuery, forYouQuery, newestQuery, savedQuery } from '../queries';
import { Row } from '../Row';
import rowClasses from '../Row.module.css';
import { byTag, ROW_MAX, watchable } from '../rows';

/** From which age on lists are called old, ms: they are asked for again each minute. */
const STALE_MS = 150_000;

export default function Home() {
  const { t, i18n } = useLingui();
  const person = useSession()?.person ?? null;
  const [wanted] = usePreference('for-you');
  const enabled = person !== null;
  const goOn = useQuery({ ...continueQuery, enabled });
  const saved = useQuery({ ...savedQuery, enabled });
  const forYou = useQuery({ ...forYouQuery, enabled: enabled && wanted });
  const newest = useQuery(newestQuery);
  const titles = watchable(newest.data ?? []);
  const missing = [
    [goOn, t`Continue watching`],
    [forYou, t`For you`],
    [saved, t`My list`],
  ] as const;
  const absent = missing.filter(([query]) => query.isError && !query.data).map(([, name]) => name);
  const names = new Intl.ListFormat(i18n.locale).format(absent);
  const proposed = wanted ? watchable(forYou.data?.items ?? []) : [];
  const all = (
    <Anchor component={Link} to="/all" size="sm">
      <Trans>All videos</Trans>
    </Anchor>
  );
  return (
    <>
      <PageHeader title={t`Home`} mark={<StaleBadge sinceMs={newest.dataUpdatedAt} afterMs={STALE_MS} />} />
      {!enabled && (
        <Box mb="lg">
          <Notice kind="info">
            <Trans>You are signed in with a token, which stands for nobody. With your account the portal remembers where you are.</Trans>
          </Notice>
        </Box>
      )}
      {absent.length > 0 && newest.isSuccess && (
        <Notice kind="warn" title={t`A part is missing`}>
          <Trans>This could not be loaded: {names}. It is tried again.</Trans>
        </Notice>
      )}
      {newest.isPending && <RowSkeleton />}
      {goOn.data && goOn.data.length > 0 && (
        <Row name={t`Continue watching`} items={goOn.data.slice(0, ROW_MAX)} goesOn more={<MyPage />} />
      )}
      {proposed.length > 0 && (
        <Row
          name={t`For you`}
          lead={t`From what people liked who like what you like.`}
          items={proposed.slice(0, ROW_MAX).map((title) => ({ title }))}
        />
      )}
      {saved.data && saved.data.length > 0 && <Row name={t`My list`} items={saved.data.slice(0, ROW_MAX)} more={<MyPage />} />}
      {newest.isError && !newest.data && <ErrorState error={newest.error} retry={newest.refetch} />}
      {newest.isSuccess && titles.length === 0 && <Nothing />}
      {titles.length > 0 && <Row name={t`New`} items={titles.slice(0, ROW_MAX).map((title) => ({ title }))} more={all} />}
      {byTag(titles).map(({ tag, titles: within }) => (
        <Row key={tag} name={tag} items={within.map((title) => ({ title }))} more={<OfTag tag={tag} />} />
      ))}
      {wanted && forYou.data?.why_empty === 'nothing_liked' && titles.length > 0 && (
        <Notice kind="info">
          <Trans>Say in the menu of a video that you like it: then others are proposed here that people like who like the same.</Trans>
        </Notice>
      )}
    </>
  );
}

function MyPage() {
  return (
    <Anchor component={Link} to="/my" size="sm">
      <Trans>My page</Trans>
    </Anchor>
  );
}

function OfTag({ tag }: { tag: string }) {
  return (
    <Anchor component={Link} to="/all" search={{ tag } as never} size="sm">
      <Trans>All of {tag}</Trans>
    </Anchor>
  );
}

function RowSkeleton() {
  const { t } = useLingui();
  return (
    <div role="status" aria-label={t`Loading`} className={rowClasses.row}>
      <Skeleton h={22} w={140} mb="md" />
      <div className={rowClasses.list}>
        {Array.from({ length: 6 }, (_, at) => (
          <Skeleton key={at} radius="md" style={{ aspectRatio: '16 / 12' }} />
        ))}
      </div>
    </div>
  );
}

function Nothing() {
  const { t } = useLingui();
  const mayPublish = useMay('publish');
  const upload = mayPublish && (
    <Button component="a" href="/console/uploads" leftSection={<IconUpload size={16} />}>
      <Trans>Upload a video</Trans>
    </Button>
  );
  return (
    <EmptyState icon={IconMovie} title={t`No videos yet`} action={upload}>
      {mayPublish ? (
        <Trans>Upload the first one in the console. It is prepared for every screen, encrypted and signed, and then shows up here.</Trans>
      ) : (
        <Trans>What your company publishes for you appears here by itself. You do not have to do anything.</Trans>
      )}
    </EmptyState>
  );
}
