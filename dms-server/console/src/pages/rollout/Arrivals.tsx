/** Waiting for the first peer, and who came since the token was made. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Group, Loader, Stack, Text } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { DEVICES_PAGE, listDevices } from '~/api/devices';
import { lookAgain } from '~/live';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Panel } from '~/parts/Panel';
import { StaleBadge } from '~/parts/StaleBadge';
import { State } from '~/parts/State';
import { Time } from '~/parts/Time';
import classes from './Arrivals.module.css';

/** How often to look while somebody waits, ms. */
const WAIT_MS = 2_000;

/** How often otherwise, ms. */
const IDLE_MS = 20_000;

/** Newcomers that are named. */
const NAMED_MAX = 8;

export function Arrivals({ sinceMs }: { sinceMs: number | null }) {
  const { t } = useLingui();
  const devices = useQuery({
    queryKey: ['devices', 'newest'],
    queryFn: () => listDevices(null),
    refetchInterval: () => lookAgain(sinceMs === null ? IDLE_MS : WAIT_MS),
  });
  const all = devices.data?.items ?? [];
  const come = sinceMs === null ? [] : all.filter(({ enrolled_ms: ms }) => ms >= sinceMs);
  const named = (come.length > 0 ? come : all).slice(0, NAMED_MAX);
  return (
    <Panel
      title={t`3. Arrivals`}
      actions={
        <>
          <StaleBadge followed sinceMs={devices.dataUpdatedAt} afterMs={3 * IDLE_MS} />
          <Anchor component={Link} to="/network?tab=peers" size="sm">
            <Trans>All peers</Trans>
          </Anchor>
        </>
      }
    >
      {devices.isPending && <Loading rows={3} />}
      {devices.isError && devices.data === undefined && <ErrorState error={devices.error} retry={devices.refetch} />}
      {devices.data && (
        <Stack>
          {sinceMs !== null && (
            <div className={classes.wait} data-arrived={come.length > 0} role="status">
              {come.length > 0 ? (
                <IconCircleCheck size={22} aria-hidden />
              ) : (
                <Loader size={20} color="var(--busy)" aria-hidden />
              )}
              <strong>
                {come.length === 0 ? (
                  <Trans>Waiting for the first peer…</Trans>
                ) : come.length >= DEVICES_PAGE ? (
                  <Trans>More than {DEVICES_PAGE - 1} PCs have enrolled</Trans>
                ) : (
                  <Plural value={come.length} one="# PC has enrolled" other="# PCs have enrolled" />
                )}
              </strong>
            </div>
          )}
          {named.length === 0 && sinceMs === null && (
            <Text size="sm" c="dimmed">
              <Trans>No PC has enrolled yet. Make a token, and run the commands on one.</Trans>
            </Text>
          )}
          {named.map(({ id, name, state, enrolled_ms: ms }) => (
            <Group key={id} gap="sm" justify="space-between">
              <Anchor component={Link} to={`/network?tab=peers&peer=${id}`} size="sm" fw={550}>
                {name}
              </Anchor>
              <Group gap="sm">
                {state === 'online' && (
                  <State tone="ok">
                    <Trans>Online</Trans>
                  </State>
                )}
                {state === 'offline' && (
                  <State tone="quiet">
                    <Trans>Offline</Trans>
                  </State>
                )}
                {state === 'revoked' && (
                  <State tone="bad">
                    <Trans>Revoked</Trans>
                  </State>
                )}
                <Text size="sm" c="dimmed" component="span">
                  <Time ms={ms} />
                </Text>
              </Group>
            </Group>
          ))}
          <Text size="xs" c="dimmed">
            <Trans>
              A PC that was refused sees why in its own terminal: the token has ended, was used up, or is none.
            </Trans>
          </Text>
        </Stack>
      )}
    </Panel>
  );
}
