/** Lets a page be seen by who may: signs in first, asks for a code where one is due, and says who may where one may not. */

import { useLingui } from '@lingui/react';
import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, Suspense, useEffect } from 'react';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Codes } from '~/session/Codes';
import { SignIn } from '~/session/SignIn';
import { admits, sessionQuery } from '~/session/session';
import { ORGANISATION } from './Brand';
import { NotAllowed } from './NotAllowed';
import type { Page } from './page';
import { Shell } from './Shell';

export function PageGate({ page, children }: { page: Page; children: ReactNode }) {
  const { _ } = useLingui();
  const session = useQuery({ ...sessionQuery, enabled: !page.open });
  const title = _(page.title);
  useEffect(() => {
    document.title = `${title} – ${ORGANISATION}`;
  }, [title]);
  const content = <Suspense fallback={<Loading />}>{children}</Suspense>;
  if (page.open) return content;
  if (session.isError) {
    return (
      <Center component="main" mih="100dvh" p="md">
        <ErrorState error={session.error} retry={session.refetch} />
      </Center>
    );
  }
  if (session.data === undefined) {
    return (
      <Center mih="100dvh">
        <Loader aria-label={title} />
      </Center>
    );
  }
  if (session.data === null) return <SignIn />;
  if (session.data.codes_needed || session.data.code_needed) return <Codes setUp={session.data.codes_needed} />;
  const allowed = admits(page.may, session.data.may);
  return <Shell>{allowed ? content : <NotAllowed needs={[page.may].flat()[0]} />}</Shell>;
}
