/** What the company wants of the portal. */

import { useLingui } from '@lingui/react/macro';
import { Switch } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ask, toApiError } from '~/api/client';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { done, failed } from '~/parts/toast';

const KEY = ['portal-settings'];

export default function PortalTab() {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const settings = useQuery({ queryKey: KEY, queryFn: () => ask(api.GET('/api/v1/settings/portal')) });
  const write = useMutation({
    mutationFn: (forYou: boolean) => ask(api.PUT('/api/v1/settings/portal', { body: { for_you: forYou } })),
    onSuccess: (written) => {
      client.setQueryData(KEY, written);
      done(written.for_you ? t`Videos are proposed to people.` : t`No videos are proposed any more.`);
    },
    onError: (thrown) => failed(problemText(toApiError(thrown))),
  });
  if (settings.isPending) return <Loading rows={1} height={80} />;
  if (settings.isError) return <ErrorState error={settings.error} retry={settings.refetch} />;
  return (
    <Panel>
      <Switch
        label={t`Propose videos to people`}
        description={t`The portal's row “For you”: what people liked who like the same, only where several agree. Nobody sees who liked what.`}
        checked={settings.data.for_you}
        disabled={write.isPending}
        onChange={(event) => write.mutate(event.currentTarget.checked)}
      />
    </Panel>
  );
}
