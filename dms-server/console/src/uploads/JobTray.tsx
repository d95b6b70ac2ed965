/** What is going on, from every page: uploads of this browser, and titles that are being prepared. */

import { Trans, useLingui } from '@lingui/react/macro';
import { ActionIcon, Anchor, Indicator, Popover, Progress, ScrollArea, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconActivity } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { isBusy, useRecentTitles } from '~/api/titles';
import { done, failed } from '~/parts/toast';
import { useMay } from '~/session/session';
import { useUploads } from '.';
import { percentOf, together } from './model';

export function JobTray() {
  return useMay('publish') ? <Tray /> : null;
}

function Tray() {
  const { t } = useLingui();
  const [opened, { toggle, close }] = useDisclosure();
  const titles = useRecentTitles().data?.items ?? [];
  const items = useUploads();
  const busy = titles.filter(isBusy);
  const open = items.filter(({ state }) => ['waiting', 'uploading', 'paused', 'offline'].includes(state));
  const running = together(items).running + busy.length;
  useTellWhenDone(titles);
  return (
    <Popover width={340} opened={opened} onDismiss={close} position="bottom-end" shadow="md" trapFocus>
      <Indicator label={running} disabled={running === 0} size={16} offset={4} color="tide.7">
        <Popover.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={running > 0 ? t`What is going on: ${running}` : t`What is going on: nothing`}
            onClick={toggle}
          >
            <IconActivity size={20} stroke={1.6} />
          </ActionIcon>
        </Popover.Target>
      </Indicator>
      <Popover.Dropdown aria-label={t`What is going on`}>
        {running === 0 ? (
          <Text size="sm" c="dimmed">
            <Trans>Nothing is going on. Uploads, and titles that are being prepared, are shown here.</Trans>
          </Text>
        ) : (
          <ScrollArea.Autosize mah={360}>
            <Stack gap="sm">
              {open.map((item) => (
                <Job key={item.id} name={item.name} percent={percentOf(item)} what={t`Uploading`} />
              ))}
              {busy.map(({ id, title, progress_percent: percent }) => (
                <Job key={id} name={title} percent={percent} what={t`Being prepared`} />
              ))}
            </Stack>
          </ScrollArea.Autosize>
        )}
        <Anchor component={Link} to="/uploads" size="sm" mt="sm" display="inline-block" onClick={close}>
          <Trans>All uploads</Trans>
        </Anchor>
      </Popover.Dropdown>
    </Popover>
  );
}

function Job({ name, percent, what }: { name: string; percent: number; what: string }) {
  return (
    <div>
      <Text size="sm" fw={500} truncate>
        {name}
      </Text>
      <Progress.Root size="sm" my={4}>
        <Progress.Section value={percent} aria-label={name} />
      </Progress.Root>
      <Text size="xs" c="dimmed" className="tabular">
        {what}, {Math.floor(percent)}%
      </Text>
    </div>
  );
}

/** Says when a title that was being prepared can be watched, or will not be. */
function useTellWhenDone(titles: readonly { id: string; title: string; state: string }[]): void {
  const before = useRef(new Map<string, string>());
  useEffect(() => {
    for (const { id, title, state } of titles) {
      const was = before.current.get(id);
      if (was !== undefined && was !== 'complete' && was !== 'failed') {
        const link = (
          <Anchor component={Link} to={`/titles/${id}`} size="sm">
            {title}
          </Anchor>
        );
        if (state === 'complete') done(<Trans>{link} can be watched now.</Trans>);
        if (state === 'failed') failed(<Trans>{link} could not be prepared.</Trans>);
      }
      before.current.set(id, state);
    }
  }, [titles]);
}
