/** Every video that somebody sees, the newest first; or those with a tag. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Center } from '@mantine/core';
import { IconMovieOff } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { PictureGrid } from '~/parts/PictureGrid';
import { StaleBadge } from '~/parts/StaleBadge';
import { useUrlState } from '~/parts/url-state';
import { Card } from '../Card';
import { allQuery } from '../queries';
import { watchable } from '../rows';

const DEFAULTS = { tag: '' };

export default function All() {
  const { t } = useLingui();
  const [{ tag }] = useUrlState(DEFAULTS);
  const list = useInfiniteQuery(allQuery(tag));
  const titles = watchable(list.data?.pages.flatMap(({ items }) => items) ?? []);
  const home = { to: '/', title: t`Home` };
  const every = (
    <Button component={Link} to="/all">
      <Trans>All videos</Trans>
    </Button>
  );
  return (
    <>
      <PageHeader
        title={tag === '' ? t`All videos` : tag}
        above={tag === '' ? home : { to: '/all', title: t`All videos` }}
        mark={<StaleBadge sinceMs={list.dataUpdatedAt} afterMs={300_000} />}
      />
      {list.isPending && <Loading rows={3} height={180} />}
      {list.isError && !list.data && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && titles.length === 0 && (
        <EmptyState icon={IconMovieOff} title={tag === '' ? t`No videos yet` : t`No video has this tag`} action={tag !== '' && every}>
          <Trans>What your company publishes for you appears here by itself.</Trans>
        </EmptyState>
      )}
      {titles.length > 0 && (
        <PictureGrid items={titles} idOf={({ id }) => id} picture={(title) => <Card title={title} />} />
      )}
      {list.hasNextPage && (
        <Center mt="lg">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            <Trans>Show more</Trans>
          </Button>
        </Center>
      )}
    </>
  );
}
