/**
 * The first start: the owner's account, one-time codes, and a first video that plays. Where somebody is in it is what
 * the server knows, so it goes on after a reload.
 */

import { useLingui } from '@lingui/react/macro';
import { Center, Loader, Stack, Stepper } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ErrorState } from '~/parts/ErrorState';
import { CodeForm, Secret } from '~/session/Codes';
import { Entrance } from '~/session/Entrance';
import { sessionQuery } from '~/session/session';
import { FirstVideo } from './FirstVideo';
import { OwnerForm } from './OwnerForm';

export default function Setup() {
  const { t } = useLingui();
  const session = useQuery(sessionQuery);
  if (session.isError) {
    return (
      <Entrance title={t`Set up the DMS`}>
        <ErrorState error={session.error} retry={session.refetch} />
      </Entrance>
    );
  }
  if (session.isPending) {
    return (
      <Center mih="100dvh">
        <Loader aria-label={t`Set up the DMS`} />
      </Center>
    );
  }
  const codes = session.data?.codes_needed || session.data?.code_needed;
  const step = session.data === null ? 0 : codes ? 1 : 2;
  const titles = [t`Make the owner's account`, t`Set up one-time codes`, t`Publish a first video`];
  const leads = [
    t`Whoever holds the set-up token becomes the owner. The server printed it when it started.`,
    t`An owner can do everything, so a password alone is too little. Add this to an authenticator app:`,
    t`It is transcoded, sealed, and then plays on this page.`,
  ];
  return (
    <Entrance wide title={titles[step] ?? ''} lead={leads[step] ?? ''}>
      <Stepper active={step} size="sm" mb="lg" allowNextStepsSelect={false} aria-label={t`Steps`}>
        <Stepper.Step label={t`Owner`} />
        <Stepper.Step label={t`Codes`} />
        <Stepper.Step label={t`First video`} />
      </Stepper>
      {step === 0 && <OwnerForm />}
      {step === 1 && (
        <Stack>
          {session.data?.codes_needed && <Secret />}
          <CodeForm hint={t`The six digits that the app shows now. Afterwards sign in with the next ones.`} />
        </Stack>
      )}
      {step === 2 && <FirstVideo />}
    </Entrance>
  );
}
