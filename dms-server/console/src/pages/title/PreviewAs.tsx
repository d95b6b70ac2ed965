/** What a policy means for one person, there and then; also one that is not saved yet. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Checkbox, Code, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, type Schema, toApiError } from '~/api/client';
import type { Title } from '~/api/titles';
import { absolute } from '~/parts/format';
import { fromLocalInput } from '~/parts/local-time';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { useSession } from '~/session/session';
import type { useChoices } from './choices';

interface Props {
  readonly title: Title;
  readonly policy: Schema<'PolicyBody'>;
  readonly choices: ReturnType<typeof useChoices>;
}

/** Stands for an enrolled device with nobody signed in. */
const NOBODY = '';

export function PreviewAs({ title, policy, choices }: Props) {
  const { t } = useLingui();
  const session = useSession();
  const problemText = useProblemText();
  const [person, setPerson] = useState(session?.person ?? NOBODY);
  const [site, setSite] = useState('');
  const [at, setAt] = useState('');
  const [vpn, setVpn] = useState(false);
  const [offline, setOffline] = useState(false);
  const me = session?.person ? [{ value: session.person, label: session.subject }] : [];
  const others = choices.people.filter(({ value }) => value !== session?.person);
  const look = useMutation({
    mutationFn: () =>
      ask(
        api.POST('/api/v1/titles/{title}/policy/preview', {
          params: { path: { title: title.id } },
          body: { person: person || null, site: site || null, at_ms: fromLocalInput(at), vpn, offline, policy },
        }),
      ),
  });
  return (
    <Panel title={t`Preview as`}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          <Trans>What somebody would get with what is in the form now.</Trans>
        </Text>
        <Select
          label={t`Person`}
          searchable
          allowDeselect={false}
          value={person}
          onChange={(next) => setPerson(next ?? NOBODY)}
          data={[{ value: NOBODY, label: t`Nobody signed in` }, ...me, ...others]}
        />
        <Select
          label={t`Site`}
          allowDeselect={false}
          value={site}
          onChange={(next) => setSite(next ?? '')}
          data={[{ value: '', label: t`At no site` }, ...choices.sites]}
        />
        <TextInput
          type="datetime-local"
          label={t`At`}
          description={t`Empty: now`}
          value={at}
          onChange={(event) => setAt(event.currentTarget.value)}
        />
        <Checkbox label={t`On the VPN`} checked={vpn} onChange={(event) => setVpn(event.currentTarget.checked)} />
        <Checkbox
          label={t`To keep it offline`}
          checked={offline}
          onChange={(event) => setOffline(event.currentTarget.checked)}
        />
        <Button variant="default" onClick={() => look.mutate()} loading={look.isPending} disabled={title.state !== 'complete'}>
          <Trans>Preview</Trans>
        </Button>
        {title.state !== 'complete' && (
          <Text size="xs" c="dimmed">
            <Trans>There is something to preview once the title can be watched.</Trans>
          </Text>
        )}
        {look.isError && <Notice kind="bad">{problemText(toApiError(look.error))}</Notice>}
        {look.data && <OutcomeView outcome={look.data} />}
      </Stack>
    </Panel>
  );
}

function OutcomeView({ outcome }: { outcome: Schema<'Outcome'> }) {
  const { t, i18n } = useLingui();
  const tracks = outcome.tracks.length;
  if (!outcome.allowed) {
    return (
      <Notice kind="warn" title={t`Would not play`}>
        {outcome.reason} {outcome.code && <Code>{outcome.code}</Code>}
      </Notice>
    );
  }
  const until = outcome.not_after_ms ? absolute(outcome.not_after_ms, i18n.locale) : null;
  const offline = outcome.offline_until_ms ? absolute(outcome.offline_until_ms, i18n.locale) : null;
  return (
    <Notice kind="ok" title={t`Would play`}>
      <div>
        <Trans>Tracks that it opens: {tracks}</Trans>
      </div>
      {until && (
        <div>
          <Trans>Until {until}</Trans>
        </div>
      )}
      {offline && (
        <div>
          <Trans>Offline until {offline}</Trans>
        </div>
      )}
    </Notice>
  );
}
