/** Quit means quit. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPower } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Panel } from '~/parts/Panel';
import { agent } from './api';
import { Failed } from './Failed';

export function Quit({ done }: { done: (service: boolean) => void }) {
  const { t } = useLingui();
  const [opened, dialog] = useDisclosure(false);
  const quit = useMutation({ mutationFn: agent.quit, onSuccess: ({ service }) => done(service) });
  const action = (
    <Button size="xs" variant="default" leftSection={<IconPower size={14} />} onClick={dialog.open}>
      <Trans>Quit the agent</Trans>
    </Button>
  );
  return (
    <Panel title={t`Quit`} actions={action}>
      <Text c="dimmed" size="sm">
        <Trans>Ends the program itself: it does not go on sharing unseen.</Trans>
      </Text>
      {/* Without the library's own head, which would be a second banner of the page. */}
      <Modal.Root opened={opened} onClose={dialog.close} centered>
        <Modal.Overlay backgroundOpacity={0.45} blur={2} />
        <Modal.Content aria-label={t`Quit the agent?`}>
          <Modal.Body pt="md">
            <Stack gap="md">
              <Title order={2}>
                <Trans>Quit the agent?</Trans>
              </Title>
              <Text size="sm">
                <Trans>
                  Sharing ends, and what plays through the agent on this PC stops. This page cannot start it again. If you
                  only want to give nothing for a while, pause instead: playing then goes on.
                </Trans>
              </Text>
              <Failed error={quit.error} />
              <Group justify="flex-end" gap="xs">
                <Button variant="default" onClick={dialog.close}>
                  <Trans>Go on</Trans>
                </Button>
                <Button color="red.9" loading={quit.isPending} onClick={() => quit.mutate()}>
                  <Trans>Quit</Trans>
                </Button>
              </Group>
            </Stack>
          </Modal.Body>
        </Modal.Content>
      </Modal.Root>
    </Panel>
  );
}
