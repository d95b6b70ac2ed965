/** Who asks to be let in to one title, beside its policy. Nothing, when nobody does. */

import { useLingui } from '@lingui/react/macro';
import { useInfiniteQuery } from '@tanstack/react-query';
import { accessRequestsQuery } from '~/api/requests';
import { Panel } from '~/parts/Panel';
import { RequestList } from './RequestList';

export function TitleRequests({ title }: { title: string }) {
  const { t } = useLingui();
  const list = useInfiniteQuery(accessRequestsQuery('open'));
  const theirs = (list.data?.pages ?? []).flatMap(({ items }) => items).filter((request) => request.title === title);
  if (theirs.length === 0) return null;
  return (
    <Panel title={t`They ask to be let in`}>
      <RequestList requests={theirs} ofOneTitle />
    </Panel>
  );
}
