/** Where something may be inserted into a title: breaks on a line of pictures, and as a list. */

import { Trans, useLingui } from '@lingui/react/macro';
import { IconAd2, IconLock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Title } from '~/api/titles';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { useRolesThatMay } from '~/session/roles';
import { useMay } from '~/session/session';
import { readBreaks, readSprites } from './api';
import { EditBreaks } from './EditBreaks';

export default function BreaksTab({ title }: { title: Title }) {
  const { t } = useLingui();
  const [mayAds, mayPublish] = [useMay('ads'), useMay('publish')];
  const roles = [...new Set([...useRolesThatMay('ads'), ...useRolesThatMay('publish')])].join(', ');
  if (!mayAds && !mayPublish) {
    return (
      <EmptyState icon={IconLock} title={t`You may not see the breaks of a title`}>
        <Trans>They are for these roles: {roles}. An owner or an IT administrator gives roles to people.</Trans>
      </EmptyState>
    );
  }
  if (title.state !== 'complete' || title.kind === 'file' || !title.duration_ms) {
    return (
      <EmptyState icon={IconAd2} title={t`There is nothing to interrupt yet`}>
        <Trans>Breaks are placed once the video can be watched.</Trans>
      </EmptyState>
    );
  }
  return <Read title={title} durationMs={title.duration_ms} />;
}

function Read({ title, durationMs }: { title: Title; durationMs: number }) {
  const [loads, setLoads] = useState(0);
  const now = useQuery({
    queryKey: ['breaks', title.id, loads],
    queryFn: () => readBreaks(title.id),
    gcTime: 0,
    // What is being placed is not replaced by what was just written elsewhere.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  const sprites = useQuery({ queryKey: ['storyboard', title.id], queryFn: () => readSprites(title.id) });
  if (now.isPending) return <Loading rows={4} />;
  if (now.isError) return <ErrorState error={now.error} retry={now.refetch} />;
  return (
    <EditBreaks
      key={loads}
      title={title}
      durationMs={durationMs}
      read={now.data}
      sprites={sprites.data ?? []}
      reload={() => setLoads((old) => old + 1)}
    />
  );
}
