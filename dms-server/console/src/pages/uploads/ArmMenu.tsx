/** Who sees a title once it is ready, said while it is still on its way. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Menu, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCheck, IconChevronDown } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { absolute } from '~/parts/format';
import { fromLocalInput } from '~/parts/local-time';
import { useSession } from '~/session/session';
import { uploads } from '~/uploads';
import type { UploadItem } from '~/uploads/model';

export function ArmMenu({ item }: { item: UploadItem }) {
  const { t, i18n } = useLingui();
  const [asking, ask] = useDisclosure();
  // A token of the installation is nobody whom a title could be kept to.
  const isPerson = (useSession()?.person ?? null) !== null;
  const { id, name, audience } = item;
  const since = audience.kind === 'later' ? absolute(audience.fromMs, i18n.locale) : '';
  const labels = {
    everybody: t`Publish when ready`,
    later: t`Publish at ${since}`,
    me: t`Keep to myself`,
  };
  const mark = (kind: keyof typeof labels) => (audience.kind === kind ? <IconCheck size={14} /> : null);
  return (
    <>
      <Menu width={280}>
        <Menu.Target>
          <Button
            variant="default"
            size="xs"
            rightSection={<IconChevronDown size={14} />}
            aria-label={t`Who sees ${name}: ${labels[audience.kind]}`}
          >
            {labels[audience.kind]}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item rightSection={mark('everybody')} onClick={() => uploads.arm(id, { kind: 'everybody' })}>
            <Trans>Publish when ready</Trans>
            <Text size="xs" c="dimmed">
              <Trans>Everybody in the company sees it as soon as it can be watched.</Trans>
            </Text>
          </Menu.Item>
          <Menu.Item rightSection={mark('later')} onClick={ask.open}>
            <Trans>Publish at a moment…</Trans>
            <Text size="xs" c="dimmed">
              <Trans>Publishers may preview it before.</Trans>
            </Text>
          </Menu.Item>
          {isPerson && (
            <Menu.Item rightSection={mark('me')} onClick={() => uploads.arm(id, { kind: 'me' })}>
              <Trans>Keep to myself</Trans>
              <Text size="xs" c="dimmed">
                <Trans>Nobody else sees it until its policy says so.</Trans>
              </Text>
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <MomentDialog opened={asking} close={ask.close} choose={(fromMs) => uploads.arm(id, { kind: 'later', fromMs })} />
    </>
  );
}

interface MomentProps {
  readonly opened: boolean;
  readonly close: () => void;
  readonly choose: (ms: number) => void;
}

function MomentDialog({ opened, close, choose }: MomentProps) {
  const { t } = useLingui();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const send = (event: FormEvent) => {
    event.preventDefault();
    const ms = fromLocalInput(text);
    setWrong(ms === null);
    if (ms === null) return;
    choose(ms);
    close();
  };
  return (
    <Modal opened={opened} onClose={close} title={t`Publish at a moment`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form onSubmit={send}>
        <Stack>
          <TextInput
            type="datetime-local"
            label={t`From`}
            description={t`In your time zone.`}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            error={wrong ? t`Give a date and a time.` : undefined}
            required
          />
          <Button type="submit">
            <Trans>Publish then</Trans>
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
