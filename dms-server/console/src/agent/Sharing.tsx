/** The one sentence, and pausing. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack, Text } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { bytes } from '~/parts/format';
import { Panel } from '~/parts/Panel';
import { agent, type Status } from './api';
import { Failed } from './Failed';
import classes from './Page.module.css';
import { queries, status as statusQuery } from './queries';
import { type Case, caseOf, untilTomorrow } from './sentence';

const HOUR_S = 3_600;

export function Sharing({ status }: { status: Status }) {
  const { t, i18n } = useLingui();
  const found = caseOf(status);
  const given = bytes(status.bytes.given_today, i18n.locale);
  const act = useMutation({
    mutationFn: (seconds: number | null | 'resume') => (seconds === 'resume' ? agent.resume() : agent.pause(seconds)),
    onSettled: () => queries.invalidateQueries(statusQuery),
  });
  const paused = found.kind === 'paused';
  return (
    <Panel title={t`Sharing`}>
      <Stack gap="md">
        <div>
          <div className={classes.sentence} role="status" data-sharing={found.kind}>
            <span className={classes.dot} data-tone={toneOf(found)} aria-hidden />
            <span>
              <Sentence found={found} />
            </span>
          </div>
          <Text c="dimmed" size="sm" mt={4} className={classes.under}>
            <Trans>{given} given to colleagues today.</Trans>{' '}
            {!status.connected && !status.refused && <Trans>The server is away; what is here goes on.</Trans>}
          </Text>
        </div>
        <Group gap="xs" className={classes.under}>
          {paused ? (
            <Button
              leftSection={<IconPlayerPlay size={16} />}
              loading={act.isPending}
              onClick={() => act.mutate('resume')}
            >
              <Trans>Share again</Trans>
            </Button>
          ) : (
            <>
              <Button
                leftSection={<IconPlayerPause size={16} />}
                loading={act.isPending}
                onClick={() => act.mutate(HOUR_S)}
              >
                <Trans>Pause for 1 hour</Trans>
              </Button>
              <Button variant="default" disabled={act.isPending} onClick={() => act.mutate(untilTomorrow(new Date()))}>
                <Trans>Until tomorrow</Trans>
              </Button>
              <Button variant="default" disabled={act.isPending} onClick={() => act.mutate(null)}>
                <Trans>Until I resume</Trans>
              </Button>
            </>
          )}
        </Group>
        <Failed error={act.error} />
        <Text c="dimmed" size="sm" className={classes.under}>
          <Trans>
            Playing goes on while sharing is paused. On battery, on a metered link and on a VPN the agent pauses by
            itself.
          </Trans>
        </Text>
      </Stack>
    </Panel>
  );
}

function toneOf({ kind }: Case): 'ok' | 'warn' | 'bad' | 'quiet' {
  if (kind === 'sharing') return 'ok';
  if (kind === 'refused') return 'bad';
  return kind === 'no_site' || kind === 'away' || kind === 'off' ? 'quiet' : 'warn';
}

function Sentence({ found }: { found: Case }): ReactNode {
  const { t, i18n } = useLingui();
  switch (found.kind) {
    case 'sharing': {
      const { others, site } = found;
      const outside = bytes(found.outside, i18n.locale);
      if (found.outside > 0) {
        return (
          <Plural
            value={others}
            one={`Sharing with # PC in ${site}, ${outside} over the internet today`}
            other={`Sharing with # PCs in ${site}, ${outside} over the internet today`}
          />
        );
      }
      return (
        <Plural
          value={others}
          one={`Sharing with # PC in ${site}, nothing over the internet`}
          other={`Sharing with # PCs in ${site}, nothing over the internet`}
        />
      );
    }
    case 'paused': {
      if (found.untilMs === null) return t`Paused until you share again`;
      const time = new Intl.DateTimeFormat(i18n.locale, { weekday: 'short', hour: 'numeric', minute: '2-digit' });
      const until = time.format(found.untilMs);
      return t`Paused until ${until}`;
    }
    case 'battery':
      return t`Paused by itself: this PC is on battery`;
    case 'metered':
      return t`Paused by itself: this PC's link costs by the byte`;
    case 'vpn':
      return t`Paused by itself: this PC is on a VPN`;
    case 'leaving':
      return t`The agent is stopping`;
    case 'refused':
      return t`Not sharing: the server refuses this PC; ask your IT to enrol it anew`;
    case 'no_site':
      return t`Not sharing: this PC's address is in no office, so everything comes from the server`;
    case 'away':
      return t`Not sharing: the server is not connected yet`;
    case 'off':
      return t`Not sharing: sharing is off in ${found.site}`;
    case 'taking':
      return t`Taking only, as set for ${found.site}`;
  }
}
