/** What asks to act for somebody, and their answer. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { api, ask, type Schema, toApiError } from '~/api/client';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { Entrance } from '~/session/Entrance';
import { ROLE_NAMES } from '~/session/roles';
import { useSession } from '~/session/session';

interface Props {
  readonly asking: Schema<'Asking'>;
  readonly answered: (approved: boolean) => void;
}

export function Question({ asking, answered }: Props) {
  const { t, i18n } = useLingui();
  const problemText = useProblemText();
  const person = useSession()?.subject ?? '';
  const answer = useMutation({
    mutationFn: async (approve: boolean) => {
      await ask(api.POST('/api/v1/grants/answer', { body: { user_code: asking.user_code, approve } }));
      return approve;
    },
    onSuccess: answered,
  });
  const { name, address } = asking;
  const time = new Intl.DateTimeFormat(i18n.locale, { timeStyle: 'medium' }).format(asking.created_ms);
  const roles = new Intl.ListFormat(i18n.locale).format(asking.roles.map((role) => i18n._(ROLE_NAMES[role])));
  return (
    <Entrance title={t`Does it act for you?`}>
      <Stack>
        <Text size="sm" data-asking>
          <Trans>
            “{name}” asked at {time} from the address {address}.
          </Trans>
        </Text>
        <Text size="sm">
          <Trans>It must show this code now:</Trans>
        </Text>
        <Code fz="xl" p="sm" ta="center" data-code>
          {asking.user_code}
        </Code>
        <Text size="sm">
          <Trans>
            Approve only if you started it yourself. It will do whatever {person} may do ({roles}) until you sign it out.
          </Trans>
        </Text>
        {answer.isError && <Notice kind="bad">{problemText(toApiError(answer.error))}</Notice>}
        <Group grow>
          <Button variant="default" disabled={answer.isPending} onClick={() => answer.mutate(false)}>
            <Trans>Refuse</Trans>
          </Button>
          <Button autoFocus disabled={answer.isPending} onClick={() => answer.mutate(true)}>
            <Trans>Approve</Trans>
          </Button>
        </Group>
      </Stack>
    </Entrance>
  );
}
