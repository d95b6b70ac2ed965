/** What is stored and for how long, and clearing it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Progress, Stack, Text } from '@mantine/core';
import { IconEraser } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { bytes } from '~/parts/format';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { agent, type Stay } from './api';
import { Failed } from './Failed';
import classes from './Page.module.css';
import { queries, status, stored } from './queries';

/** The most titles that are shown one by one. */
const SHOWN = 20;

export function Stored({ used, limit }: { used: number; limit: number }) {
  const { t, i18n } = useLingui();
  const { data } = useQuery(stored);
  const size = (count: number) => bytes(count, i18n.locale);
  const clear = useMutation({
    mutationFn: agent.clear,
    onSuccess: () => Promise.all([queries.invalidateQueries(stored), queries.invalidateQueries(status)]),
  });
  const stays: Record<Stay, string> = {
    until_let_go: t`Until you let go of it: you saved it`,
    while_the_site_needs_it: t`As long as your office is to hold it`,
    until_room_is_needed: t`Until room is needed`,
  };
  const held = size(used);
  const most = size(limit);
  const freed = size(clear.data?.freed_bytes ?? 0);
  const left = size(clear.data?.stays_bytes ?? 0);
  const items = data?.items ?? [];
  const more = (data?.titles ?? 0) - Math.min(items.length, SHOWN);
  const action = (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconEraser size={14} />}
      loading={clear.isPending}
      disabled={used === 0}
      onClick={() => clear.mutate()}
    >
      <Trans>Clear</Trans>
    </Button>
  );
  return (
    <Panel title={t`Stored on this PC`} actions={action}>
      <Stack gap="sm">
        <Text size="sm" fw={550} data-used={used}>
          <Trans>
            {held} of {most} used
          </Trans>
        </Text>
        <Progress value={limit > 0 ? Math.min(100, (used / limit) * 100) : 0} aria-label={t`Disk used`} />
        <Text c="dimmed" size="sm">
          <Trans>
            All of it is encrypted. This PC has no key to it, and does not know what the titles are called: it knows
            them by number only. Clearing drops nothing that is in use, that you saved, or that your office is to hold.
          </Trans>
        </Text>
        <div aria-live="polite" data-freed={clear.data?.freed_bytes}>
          {clear.isSuccess && (
            <Notice kind="ok">
              <Trans>
                {freed} freed. {left} stay because they are in use, saved, or held for your office.
              </Trans>
            </Notice>
          )}
        </div>
        <Failed error={clear.error} />
        {items.length > 0 && (
          <table className={`${classes.table} ${classes.inset}`}>
            <thead>
              <tr>
                <th scope="col">
                  <Trans>Title</Trans>
                </th>
                <th scope="col">
                  <Trans>How long</Trans>
                </th>
                <th scope="col" className={classes.number}>
                  <Trans>Size</Trans>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.slice(0, SHOWN).map((item) => (
                <tr key={item.title ?? ''}>
                  <th scope="row" className={classes.id}>
                    {item.title ?? t`Of unknown titles`}
                  </th>
                  <td>{stays[item.stays]}</td>
                  <td className={classes.number}>{size(item.bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {more > 0 && (
          <Text c="dimmed" size="sm">
            <Trans>And {more} more titles.</Trans>
          </Text>
        )}
      </Stack>
    </Panel>
  );
}
