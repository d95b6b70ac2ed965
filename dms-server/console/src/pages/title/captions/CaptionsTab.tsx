/** What is written beside a title: captions in each language, and chapters; edited while it plays. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Stack } from '@mantine/core';
import { IconBadgeCc } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Title } from '~/api/titles';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { useUrlState } from '~/parts/url-state';
import { listTracks } from './api';
import { EditCaptions } from './EditCaptions';
import { Tracks } from './Tracks';
import { EditChapters } from './EditChapters';

const DEFAULTS = { lang: '' };

export function CaptionsTab({ title }: { title: Title }) {
  const { t } = useLingui();
  const [{ lang }, change] = useUrlState(DEFAULTS);
  const tracks = useQuery({ queryKey: ['captions', title.id], queryFn: () => listTracks(title.id) });
  if (title.state !== 'complete' || title.kind === 'file') {
    return (
      <EmptyState icon={IconBadgeCc} title={t`There is nothing to caption yet`}>
        <Trans>Captions and chapters are written once the video can be watched.</Trans>
      </EmptyState>
    );
  }
  if (tracks.isPending) return <Loading rows={4} />;
  if (tracks.isError && tracks.data === undefined) return <ErrorState error={tracks.error} retry={tracks.refetch} />;
  const track = tracks.data.find((one) => one.lang === lang);
  if (track) {
    return <EditCaptions key={lang} title={title} track={track} close={() => change({ lang: '' }, false)} />;
  }
  return (
    <Stack gap="lg">
      <Tracks title={title} tracks={tracks.data} open={(tag) => change({ lang: tag }, false)} />
      <EditChapters title={title} />
    </Stack>
  );
}
