/** One proposal: what comes, why, and the two answers to it. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, type Schema, toApiError } from '~/api/client';
import { askChange } from '~/api/sites';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { useSending } from '~/parts/sending';
import { failed, undoable } from '~/parts/toast';
import { useMay } from '~/session/session';
import { useSiteUndo } from './undo';

interface Props {
  readonly proposal: Schema<'ProposalView'>;
  readonly hide: (key: string) => void;
  readonly show: (key: string) => void;
}

export function ProposalCard({ proposal, hide, show }: Props) {
  const { t, i18n } = useLingui();
  const mayChange = useMay('network');
  const client = useQueryClient();
  const problemText = useProblemText();
  const { tell } = useSiteUndo();
  const [name, setName] = useState(proposal.name);
  const { key, site, pcs, domain, rtt_ms: rtt } = proposal;
  const refresh = () => client.invalidateQueries({ queryKey: ['site-proposals'] });
  const params = { path: { proposal: key } };
  const sending = useSending(
    () =>
      askChange(
        api.POST('/api/v1/site-proposals/{proposal}/approve', { params, body: site ? {} : { name } }),
      ),
    ({ change }) => {
      tell(<Trans>{name} was approved.</Trans>, change);
      void refresh();
    },
    { '/name': t`Name` },
  );
  const dismiss = () => {
    const act = async () => {
      try {
        await ask(api.DELETE('/api/v1/site-proposals/{proposal}', { params, keepalive: true }));
      } catch (error) {
        const problem = toApiError(error);
        failed(t`The proposal was not dismissed. ${problemText(problem)} (${problem.code})`);
      }
      await refresh();
      show(key);
    };
    undoable({
      message: <Trans>The proposal is being dismissed.</Trans>,
      act: () => void act(),
      hide: () => hide(key),
      show: () => show(key),
    });
  };
  const reasons = [
    proposal.same_gateway && t`the same gateway`,
    domain && t`the domain ${domain}`,
    typeof rtt === 'number' && t`${rtt} ms between them`,
    proposal.behind_nat && t`behind NAT: the address they call from`,
  ].filter((reason): reason is string => typeof reason === 'string');
  const why = new Intl.ListFormat(i18n.locale).format(reasons);
  return (
    <Panel title={site ? t`${proposal.name} grows` : t`New site`}>
      <form ref={sending.form} onSubmit={sending.submit} noValidate>
        <Stack gap="sm">
          {sending.problem}
          <Text size="sm">
            <Plural value={pcs} one="# PC was seen there" other="# PCs were seen there" />
            {why && `: ${why}`}
          </Text>
          <Group gap={6}>
            {proposal.subnets_added.map((subnet) => (
              <Code key={subnet}>+ {subnet}</Code>
            ))}
          </Group>
          {mayChange && (
            <Group align="flex-end" gap="sm">
              {!site && (
                <TextInput
                  label={t`Name`}
                  value={name}
                  onChange={(event) => setName(event.currentTarget.value)}
                  error={sending.at('/name')}
                />
              )}
              <Button type="submit" leftSection={<IconCheck size={16} />} loading={sending.busy}>
                <Trans>Approve</Trans>
              </Button>
              <Button variant="default" onClick={dismiss}>
                <Trans>Dismiss</Trans>
              </Button>
            </Group>
          )}
        </Stack>
      </form>
    </Panel>
  );
}
