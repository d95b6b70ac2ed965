/** An enrolment token: made here, shown once, and counted down. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, Group, Stack, Switch, TextInput } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useState } from 'react';
import { api, ask, type Schema } from '~/api/client';
import { CopyButton } from '~/parts/CopyButton';
import { span } from '~/parts/format';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { useSending, wrong } from '~/parts/sending';
import { State } from '~/parts/State';
import { useSecondsUntil } from './countdown';
import { tokenBody, USUAL } from './token-form';

/** A token, and since when peers may have come with it. */
export interface Issued extends Schema<'EnrollmentToken'> {
  readonly madeMs: number;
}

interface Props {
  readonly issued: Issued | null;
  readonly change: (issued: Issued | null) => void;
}

export function TokenPanel({ issued, change }: Props) {
  const { t, i18n } = useLingui();
  const [form, setForm] = useState(USUAL);
  const set = (changed: Partial<typeof form>) => setForm((old) => ({ ...old, ...changed }));
  const sending = useSending(
    async () => {
      const read = tokenBody(form, (text) => i18n._(text));
      if ('wrong' in read) throw wrong(t`The token cannot be made like this.`, read.wrong);
      return ask(api.POST('/api/v1/enrollment-tokens', { body: read.body }));
    },
    // The server's clock says when it ends; so it says when it was made, too.
    (made) => change({ ...made, madeMs: made.expires_ms - Number(form.minutes) * 60_000 }),
    { '/uses': t`PCs`, '/ttl_seconds': t`Minutes` },
  );
  return (
    <Panel title={t`1. Enrolment token`}>
      <Stack>
        <form ref={sending.form} onSubmit={sending.submit} noValidate>
          <Stack>
            {sending.problem}
            <Group align="flex-start" gap="md">
              <TextInput
                label={t`PCs`}
                description={t`How many may use it`}
                inputMode="numeric"
                w={150}
                value={form.uses}
                onChange={(event) => set({ uses: event.currentTarget.value })}
                error={sending.at('/uses')}
              />
              <TextInput
                label={t`Minutes`}
                description={form.longLived ? t`10080 at most, a week` : t`15 at most`}
                inputMode="numeric"
                w={170}
                value={form.minutes}
                onChange={(event) => set({ minutes: event.currentTarget.value })}
                error={sending.at('/ttl_seconds')}
              />
              <Switch
                mt={50}
                label={t`Long-lived, for a roll-out over days`}
                checked={form.longLived}
                onChange={(event) => set({ longLived: event.currentTarget.checked })}
              />
              <Button type="submit" mt={44} ml="auto" leftSection={<IconKey size={16} />} loading={sending.busy}>
                {issued ? <Trans>Make another token</Trans> : <Trans>Make a token</Trans>}
              </Button>
            </Group>
          </Stack>
        </form>
        {issued && <Shown issued={issued} />}
      </Stack>
    </Panel>
  );
}

function Shown({ issued }: { issued: Issued }) {
  const { t, i18n } = useLingui();
  const left = useSecondsUntil(issued.expires_ms);
  const time = span(left, i18n.locale);
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Code data-token style={{ overflowWrap: 'anywhere' }}>
          {issued.token}
        </Code>
        <CopyButton wide value={issued.token} label={t`Copy the token`} />
        {left > 0 ? (
          <State tone={left < 120 ? 'warn' : 'ok'}>
            <Trans>ends in {time}</Trans>
          </State>
        ) : (
          <State tone="bad">
            <Trans>has ended</Trans>
          </State>
        )}
      </Group>
      <Notice kind={issued.warning ? 'warn' : 'info'}>
        {issued.warning ?? (
          <Trans>It is shown here and nowhere else: when this page is left, make another one.</Trans>
        )}
      </Notice>
    </Stack>
  );
}
