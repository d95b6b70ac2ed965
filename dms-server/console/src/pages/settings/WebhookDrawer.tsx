/** A webhook to be added, changed, tried or deleted. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, MultiSelect, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, type Schema, toApiError } from '~/api/client';
import { DeleteButton } from '~/parts/DeleteButton';
import { DrawerActions } from '~/parts/DrawerActions';
import { FormProblem } from '~/parts/FormProblem';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { useSending } from '~/parts/sending';
import { SideDrawer } from '~/parts/SideDrawer';
import { done, failed, undoable } from '~/parts/toast';
import { Deliveries } from './Deliveries';
import { EVENTS } from './events';
import { Secret } from './Secret';

type Webhook = Schema<'WebhookView'>;

interface Props {
  readonly opened: boolean;
  /** Null: a new one. */
  readonly webhook: Webhook | null;
  readonly close: () => void;
  /** Leaves one out of the list; null: none. */
  readonly hide: (id: string | null) => void;
}

export function WebhookDrawer({ opened, webhook, close, hide }: Props) {
  const { t } = useLingui();
  return (
    <SideDrawer
      opened={opened}
      onClose={close}
      size="lg"
      title={webhook ? t`Webhook` : t`Add a webhook`}
    >
      {opened && (
        <Stack gap="xl">
          <Fields key={webhook?.id} webhook={webhook} close={close} hide={hide} />
          {webhook && <Trial webhook={webhook.id} />}
          {webhook && <Deliveries webhook={webhook.id} />}
        </Stack>
      )}
    </SideDrawer>
  );
}

function Fields({ webhook, close, hide }: Omit<Props, 'opened'>) {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [events, setEvents] = useState<string[]>(webhook?.events ?? []);
  const [enabled, setEnabled] = useState(webhook?.enabled ?? true);
  const [secret, setSecret] = useState<string | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: ['webhooks'] });
  const sending = useSending(
    () => {
      const body = { url, events, enabled };
      return webhook
        ? ask(api.PUT('/api/v1/webhooks/{webhook}', { params: { path: { webhook: webhook.id } }, body }))
        : ask(api.POST('/api/v1/webhooks', { body }));
    },
    (saved) => {
      done(<Trans>The webhook was saved.</Trans>);
      void refresh();
      if (saved.secret) setSecret(saved.secret);
      else close();
    },
    { '/url': t`Address`, '/events': t`Events` },
  );
  const remove = () => {
    if (!webhook) return;
    const act = async () => {
      try {
        const params = { path: { webhook: webhook.id } };
        await ask(api.DELETE('/api/v1/webhooks/{webhook}', { params, keepalive: true }));
      } catch (error) {
        const problem = toApiError(error);
        failed(t`The webhook was not deleted. ${problemText(problem)} (${problem.code})`);
      }
      await refresh();
      hide(null);
    };
    undoable({
      message: <Trans>The webhook is being deleted.</Trans>,
      act: () => void act(),
      hide: () => hide(webhook.id),
      show: () => hide(null),
    });
    close();
  };
  if (secret !== null) {
    return (
      <Stack>
        <Secret title={t`The signing secret`} value={secret} copy={t`Copy the secret`} />
        <Button variant="default" onClick={close} style={{ alignSelf: 'flex-end' }}>
          <Trans>Close</Trans>
        </Button>
      </Stack>
    );
  }
  return (
    <form ref={sending.form} onSubmit={sending.submit} noValidate>
      <Stack>
        {sending.problem}
        {webhook?.disabled_reason && (
          <Notice kind="warn" title={t`The server switched it off`}>
            {webhook.disabled_reason}
          </Notice>
        )}
        <TextInput
          label={t`Address`}
          description={t`HTTPS, at a public address or one that the operator opened.`}
          placeholder="https://hooks.example.com/dms"
          type="url"
          data-autofocus
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          error={sending.at('/url')}
        />
        <MultiSelect
          label={t`Events`}
          description={t`None chosen: all of them, also those to come.`}
          data={[...EVENTS]}
          value={events}
          onChange={setEvents}
          error={sending.at('/events')}
        />
        <Switch label={t`On`} checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
        <DrawerActions away={webhook && <DeleteButton act={remove} />} busy={sending.busy} close={close} />
      </Stack>
    </form>
  );
}

function Trial({ webhook }: { webhook: string }) {
  const { t } = useLingui();
  const trial = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/webhooks/{webhook}/test', { params: { path: { webhook } } })),
  });
  const { data } = trial;
  const took = data?.took_ms ?? 0;
  return (
    <Stack gap="sm">
      <Button
        variant="default"
        leftSection={<IconSend size={16} />}
        style={{ alignSelf: 'flex-start' }}
        loading={trial.isPending}
        onClick={() => trial.mutate()}
      >
        <Trans>Send a test now</Trans>
      </Button>
      {trial.isError && <FormProblem error={toApiError(trial.error)} title={t`The test was not sent`} />}
      {data && (
        <Notice kind={data.delivered ? 'ok' : 'bad'} title={data.delivered ? t`It arrived` : t`It did not arrive`}>
          <Text size="sm">
            {data.error} {data.status} <Trans>({took} ms)</Trans>
          </Text>
          {data.answer && <Code block>{data.answer}</Code>}
        </Notice>
      )}
    </Stack>
  );
}
