/** Lets a page be seen by who is signed in; where nobody has an account yet, the first is made in the console. */

import { useLingui } from '@lingui/react/macro';
import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, Suspense, useEffect } from 'react';
import { ORGANISATION } from '~/app/Brand';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Codes } from '~/session/Codes';
import { optionsQuery, SignIn } from '~/session/SignIn';
import { sessionQuery } from '~/session/session';
import { useLive } from './live';
import type { Place } from './places';
import { Shell } from './Shell';

/** Where the first account is made. */
const SET_UP = '/console/setup';

export function Gate({ place, children }: { place: Place; children: ReactNode }) {
  const { t, i18n } = useLingui();
  const session = useQuery(sessionQuery);
  const options = useQuery({ ...optionsQuery, enabled: session.data === null });
  // Who has the address of another page came for that page, and may have a token.
  const first = session.data === null && options.data?.set_up === true && place.path === '/';
  const title = i18n._(place.title);
  useLive(session.data != null);
  useEffect(() => {
    document.title = `${title} – ${ORGANISATION}`;
  }, [title]);
  useEffect(() => {
    if (first) location.replace(SET_UP);
  }, [first]);
  if (session.isError) {
    return (
      <Center component="main" mih="100dvh" p="md">
        <ErrorState error={session.error} retry={session.refetch} />
      </Center>
    );
  }
  if (session.data === undefined || first || (session.data === null && options.isPending)) {
    return (
      <Center mih="100dvh">
        <Loader aria-label={title} />
      </Center>
    );
  }
  if (session.data === null) {
    const lead = place.bare
      ? t`A command line asks to act for you. Sign in first.`
      : t`Videos of your company, delivered from the PC next to you.`;
    return <SignIn lead={lead} />;
  }
  if (session.data.codes_needed || session.data.code_needed) return <Codes setUp={session.data.codes_needed} />;
  if (place.bare) return <Suspense fallback={<Loading />}>{children}</Suspense>;
  return (
    <Shell>
      <Suspense fallback={<Loading rows={3} height={180} />}>{children}</Suspense>
    </Shell>
  );
}
