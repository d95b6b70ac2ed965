/** The form before anybody is signed in: with an account, or with a token; and the company's identity provider. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, Divider, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, toApiError } from '~/api/client';
import { Notice } from '~/parts/Notice';
import { PasswordField } from '~/parts/PasswordField';
import { useProblemText } from '~/parts/problem-text';
import { Entrance } from './Entrance';
import { sessionQuery } from './session';

type Way = 'account' | 'token';

/** Which ways of signing in there are, and whether anybody has an account yet. */
export const optionsQuery = queryOptions({
  queryKey: ['session-options'],
  queryFn: () => ask(api.GET('/api/v1/session-options')),
  retry: false,
});

/** `lead`: what somebody signs in for, unless it is the console. */
export function SignIn({ lead }: { lead?: string }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const provider = useQuery(optionsQuery).data?.oidc?.name ?? null;
  const problemText = useProblemText();
  const [way, setWay] = useState<Way>('account');
  const [codeWanted, setCodeWanted] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useForm({ initialValues: { login: '', password: '', code: '', token: '' } });

  const send = form.onSubmit(async ({ login, password, code, token }) => {
    setBusy(true);
    setProblem(null);
    const account = codeWanted ? { login, password, code: code.trim() } : { login, password };
    try {
      const session = await ask(api.POST('/session', { body: way === 'token' ? { token: token.trim() } : account }));
      client.setQueryData(sessionQuery.queryKey, session);
      await client.invalidateQueries();
    } catch (thrown) {
      const error = toApiError(thrown);
      const first = error.code === 'code_needed' && !codeWanted;
      if (error.code.startsWith('code_')) setCodeWanted(true);
      setProblem(first ? null : problemText(error));
    } finally {
      setBusy(false);
    }
  });

  const next = encodeURIComponent(location.pathname + location.search);
  return (
    <Entrance title={t`Sign in`} lead={lead ?? t`To publish, and to see how titles reach the offices.`}>
      <form onSubmit={send}>
        <Stack gap="md">
          {provider !== null && (
            <>
              <Button component="a" href={`/session/oidc?next=${next}`} variant="default" fullWidth>
                <Trans>Sign in with {provider}</Trans>
              </Button>
              <Divider label={t`or`} />
            </>
          )}
          {way === 'account' ? (
            <>
              <TextInput
                label={t`Name`}
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
                required
                data-autofocus
                {...form.getInputProps('login')}
              />
              <PasswordField
                label={t`Password`}
                autoComplete="current-password"
                required
                {...form.getInputProps('password')}
              />
              {codeWanted && (
                <TextInput
                  label={t`Code`}
                  description={t`The six digits that your authenticator app shows.`}
                  autoComplete="one-time-code"
                  inputMode="numeric"
                  autoFocus
                  required
                  {...form.getInputProps('code')}
                />
              )}
            </>
          ) : (
            <PasswordField
              label={t`Access token`}
              description={t`It starts with dms_. Your administrator makes one for you.`}
              autoComplete="current-password"
              required
              {...form.getInputProps('token')}
            />
          )}
          {problem !== null && <Notice kind="bad">{problem}</Notice>}
          <Button type="submit" fullWidth loading={busy}>
            <Trans>Sign in</Trans>
          </Button>
          <Text ta="center" size="sm">
            <Anchor component="button" type="button" size="sm" onClick={() => setWay(way === 'token' ? 'account' : 'token')}>
              {way === 'account' ? <Trans>Use a token</Trans> : <Trans>Use a name</Trans>}
            </Anchor>
          </Text>
        </Stack>
      </form>
    </Entrance>
  );
}
