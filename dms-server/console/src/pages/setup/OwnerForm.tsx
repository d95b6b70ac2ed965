/** The first account. Once it is made, its owner is signed in with it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, Group, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ask, toApiError } from '~/api/client';
import { Notice } from '~/parts/Notice';
import { PasswordField } from '~/parts/PasswordField';
import { useProblemText } from '~/parts/problem-text';
import { sessionQuery } from '~/session/session';

/** The fields that the server's pointers name. */
const FIELDS: Readonly<Record<string, 'token' | 'name' | 'login' | 'password'>> = {
  '/token': 'token',
  '/name': 'name',
  '/login': 'login',
  '/password': 'password',
};

export function OwnerForm() {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useForm({ initialValues: { token: '', name: '', login: '', password: '' } });
  const send = form.onSubmit(async ({ token, name, login, password }) => {
    setBusy(true);
    setProblem(null);
    try {
      await ask(api.POST('/api/v1/setup', { body: { token: token.trim(), name: name.trim(), login: login.trim(), password } }));
      const session = await ask(api.POST('/session', { body: { login: login.trim(), password } }));
      client.setQueryData(sessionQuery.queryKey, session);
    } catch (thrown) {
      const error = toApiError(thrown);
      for (const { pointer, fix } of error.fields) {
        const field = FIELDS[pointer];
        if (field) form.setFieldError(field, fix);
      }
      setProblem(problemText(error));
    } finally {
      setBusy(false);
    }
  });
  return (
    <form onSubmit={send}>
      <Stack>
        <PasswordField
          label={t`Set-up token`}
          description={t`Good for a day, once. A restart without any account prints a new one.`}
          placeholder="dms_setup_…"
          autoComplete="off"
          autoFocus
          required
          {...form.getInputProps('token')}
        />
        <Group grow align="flex-start" preventGrowOverflow={false} wrap="wrap">
          <TextInput label={t`Your name`} autoComplete="name" required miw={220} {...form.getInputProps('name')} />
          <TextInput
            label={t`Sign-in name`}
            description={t`Often your address.`}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            miw={220}
            {...form.getInputProps('login')}
          />
        </Group>
        <PasswordField
          label={t`Password`}
          description={t`At least 12 characters; a few words that belong together for you only.`}
          autoComplete="new-password"
          required
          {...form.getInputProps('password')}
        />
        {problem !== null && <Notice kind="bad">{problem}</Notice>}
        <Group justify="space-between">
          <Anchor component={Link} to="/" size="sm">
            <Trans>There is an account already</Trans>
          </Anchor>
          <Button type="submit" loading={busy}>
            <Trans>Make the account</Trans>
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
