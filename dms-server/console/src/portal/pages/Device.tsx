/** A command line asks to act for somebody: they see what asks, compare the code, and let it in or refuse. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { api, ask, type Schema, toApiError } from '~/api/client';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { useUrlState } from '~/parts/url-state';
import { Entrance } from '~/session/Entrance';
import { Question } from '../Question';

const DEFAULTS = { code: '' };

export default function Device() {
  const { t } = useLingui();
  const [{ code: given }] = useUrlState(DEFAULTS);
  const [asking, setAsking] = useState<Schema<'Asking'> | null>(null);
  const [answer, setAnswer] = useState<boolean | null>(null);
  if (answer !== null) return <Done approved={answer} />;
  if (asking) return <Question asking={asking} answered={setAnswer} />;
  return (
    <Entrance title={t`Let a command line in`} lead={t`Type the code that it shows.`}>
      <CodeForm given={given} found={setAsking} />
    </Entrance>
  );
}

function CodeForm({ given, found }: { given: string; found: (asking: Schema<'Asking'>) => void }) {
  const { t } = useLingui();
  const problemText = useProblemText();
  const [code, setCode] = useState(given);
  const looked = useRef(false);
  const look = useMutation({
    mutationFn: (typed: string) => ask(api.POST('/api/v1/grants/look', { body: { user_code: typed } })),
    onSuccess: found,
  });
  // Whoever came with the code in the address need not type it, but compares it all the same.
  useEffect(() => {
    if (given === '' || looked.current) return;
    looked.current = true;
    look.mutate(given);
  }, [given, look]);
  const send = (event: FormEvent) => {
    event.preventDefault();
    look.mutate(code);
  };
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput
          label={t`Code`}
          description={t`Eight letters, good for ten minutes.`}
          placeholder="BCDF-GHJK"
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          autoFocus
          required
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          {...(look.isError && { error: problemText(toApiError(look.error)) })}
        />
        <Button type="submit" loading={look.isPending}>
          <Trans>Go on</Trans>
        </Button>
      </Stack>
    </form>
  );
}

function Done({ approved }: { approved: boolean }) {
  const { t } = useLingui();
  return (
    <Entrance title={approved ? t`It may go on` : t`Refused`}>
      <Stack>
        <Notice kind={approved ? 'ok' : 'info'}>
          {approved ? (
            <Trans>The command line goes on within a few seconds. You can close this page.</Trans>
          ) : (
            <Trans>It got nothing. If you did not start it, somebody may have sent you its address: tell your IT.</Trans>
          )}
        </Notice>
        <Button component="a" href="/" variant="default">
          <Trans>To the portal</Trans>
        </Button>
      </Stack>
    </Entrance>
  );
}
