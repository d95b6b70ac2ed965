/** What a role demands before anything else: setting one-time codes up, or giving one. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, Code, Group, Skeleton, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, ask, toApiError } from '~/api/client';
import { CopyButton } from '~/parts/CopyButton';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { Entrance } from './Entrance';
import { signOut } from './sign-out';

/** `setUp`: there are none yet. Otherwise one is asked for. */
export function Codes({ setUp }: { setUp: boolean }) {
  const { t } = useLingui();
  return setUp ? (
    <Entrance
      title={t`Set up one-time codes`}
      lead={t`Your role can do much, so a password alone is too little. Add this to an authenticator app:`}
    >
      <Stack>
        <Secret />
        <CodeForm hint={t`The six digits that the app shows now. Afterwards sign in with the next ones.`} />
      </Stack>
    </Entrance>
  ) : (
    <Entrance title={t`Give a one-time code`} lead={t`Your role can do much, and you signed in without a code.`}>
      <CodeForm hint={t`The six digits that your authenticator app shows now.`} />
    </Entrance>
  );
}

/** A new secret for one-time codes, to be put into an app. */
export function Secret() {
  const { t } = useLingui();
  const problemText = useProblemText();
  const drawn = useQuery({
    queryKey: ['codes'],
    queryFn: () => ask(api.POST('/api/v1/me/codes')),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  if (drawn.isError) return <Notice kind="bad">{problemText(toApiError(drawn.error))}</Notice>;
  if (!drawn.data) return <Skeleton h={56} />;
  return (
    <Stack gap="xs">
      <Group gap="xs" wrap="nowrap">
        <Code fz="md" p="xs" flex={1}>
          {drawn.data.secret.replace(/(.{4})(?=.)/g, '$1 ')}
        </Code>
        <CopyButton value={drawn.data.secret} label={t`Copy the secret`} />
      </Group>
      <Anchor href={drawn.data.url} size="sm">
        <Trans>Open in an app on this device</Trans>
      </Anchor>
    </Stack>
  );
}

/** Gives a code; whoever asks for the session then finds it changed. */
export function CodeForm({ hint }: { hint: string }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [code, setCode] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await ask(api.PUT('/api/v1/me/codes', { body: { code: code.trim() } }));
      await client.invalidateQueries();
    } catch (thrown) {
      setProblem(problemText(toApiError(thrown)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput
          label={t`Code`}
          description={hint}
          autoComplete="one-time-code"
          inputMode="numeric"
          required
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        {problem !== null && <Notice kind="bad">{problem}</Notice>}
        <Button type="submit" loading={busy}>
          <Trans>Check the code</Trans>
        </Button>
        <Button variant="subtle" onClick={() => void signOut()}>
          <Trans>Sign out</Trans>
        </Button>
      </Stack>
    </form>
  );
}
