/** How a title comes to its viewers, as it happens: from where, how smoothly, and where they are. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconChartAreaLine, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useMemo } from 'react';
import {
  askTitleDelivery,
  DELIVERY_MS,
  NO_SITE,
  offload,
  rangeOf,
  REBUFFER_BAD,
  REBUFFER_OK,
  rebuffering,
  rebufferTone,
  SPANS_MS,
  sumOf,
  timeline,
  timesOf,
  type TitleDelivery,
} from '~/api/delivery';
import type { Title } from '~/api/titles';
import { Chart } from '~/parts/Chart';
import { CopyButton } from '~/parts/CopyButton';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { absolute, bytes, count, percent, span } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { StaleBadge } from '~/parts/StaleBadge';
import { State } from '~/parts/State';
import { useUrlState } from '~/parts/url-state';
import { SiteRows } from './SiteRows';
import classes from './Delivery.module.css';

const DEFAULTS = { from: '', to: '', span: String(SPANS_MS[0]), site: '' };

export function DeliveryTab({ title }: { title: Title }) {
  const { t, i18n } = useLingui();
  const [values, change] = useUrlState(DEFAULTS);
  const range = useMemo(() => rangeOf(values), [values.from, values.to, values.span]);
  const { site } = values;
  const isLive = range.kind === 'live';
  const delivery = useQuery({
    queryKey: ['delivery', title.id, range, site],
    queryFn: () => askTitleDelivery(title.id, range, site),
    placeholderData: keepPreviousData,
    refetchInterval: isLive ? DELIVERY_MS : false,
  });
  const freeze = () => {
    const { from_ms: from, until_ms: until } = timesOf(range, Date.now());
    change({ from: String(Math.round(from)), to: String(Math.round(until)) }, false);
  };
  const names = delivery.data?.sites.map((one) => ({
    value: one.site ?? NO_SITE,
    label: one.site === null || one.site === undefined ? t`In no site` : (one.name ?? t`A site that was deleted`),
  }));
  const head = (
    <Group gap="sm">
      {isLive ? (
        <Select
          aria-label={t`Time`}
          w={180}
          allowDeselect={false}
          value={String(range.spanMs)}
          onChange={(next) => change({ span: next ?? DEFAULTS.span })}
          data={SPANS_MS.map((ms) => ({ value: String(ms), label: t`The last ${span(ms / 1000, i18n.locale)}` }))}
        />
      ) : (
        <Text size="sm">
          {absolute(range.fromMs, i18n.locale)} – {absolute(range.untilMs, i18n.locale)}
        </Text>
      )}
      <Select
        aria-label={t`Site`}
        w={200}
        allowDeselect={false}
        value={site}
        onChange={(next) => change({ site: next ?? '' })}
        data={[{ value: '', label: t`Every site` }, ...(names ?? [])]}
      />
      {isLive ? (
        <Button variant="default" leftSection={<IconPlayerPause size={16} />} onClick={freeze}>
          <Trans>Freeze</Trans>
        </Button>
      ) : (
        <>
          <Button
            variant="default"
            leftSection={<IconPlayerPlay size={16} />}
            onClick={() => change({ from: '', to: '' }, false)}
          >
            <Trans>Live again</Trans>
          </Button>
          <CopyButton value={window.location.href} label={t`Copy the link to this time`} />
        </>
      )}
      {isLive && <StaleBadge sinceMs={delivery.dataUpdatedAt} afterMs={3 * DELIVERY_MS} />}
    </Group>
  );
  return (
    <Stack gap="lg">
      {head}
      {delivery.isPending && <Loading rows={4} height={120} />}
      {delivery.isError && delivery.data === undefined && <ErrorState error={delivery.error} retry={delivery.refetch} />}
      {delivery.data && delivery.data.sites.length === 0 && <NoViews title={title} />}
      {delivery.data && delivery.data.sites.length > 0 && (
        <Shown delivery={delivery.data} choose={(next) => change({ site: next }, false)} />
      )}
    </Stack>
  );
}

function NoViews({ title }: { title: Title }) {
  const { t } = useLingui();
  const link = `${window.location.origin}/watch/${title.id}`;
  return (
    <EmptyState
      icon={IconChartAreaLine}
      title={t`No views in this time`}
      action={
        <Group gap={4} justify="center">
          <a href={link} target="_blank" rel="noreferrer">
            {link}
          </a>
          <CopyButton value={link} label={t`Copy the link`} />
        </Group>
      }
    >
      <Trans>
        As soon as somebody watches it in a browser, it is drawn here from where the video comes and whether it plays
        smoothly. Send somebody this link to try.
      </Trans>
    </EmptyState>
  );
}

function Shown({ delivery, choose }: { delivery: TitleDelivery; choose: (site: string) => void }) {
  const { t, i18n } = useLingui();
  const line = useMemo(() => timeline(delivery), [delivery]);
  const sums = useMemo(() => sumOf(delivery.steps), [delivery]);
  const rate = useCallback((value: number) => `${bytes(value, i18n.locale)}/s`, [i18n.locale]);
  const ratio = useCallback((value: number) => percent(value, i18n.locale, 1), [i18n.locale]);
  const whole = useCallback((value: number) => count(value, i18n.locale), [i18n.locale]);
  const sources = useMemo(
    () => [
      { label: t`From the origin`, color: '--bad', values: line.origin },
      { label: t`From the office's cache`, color: '--busy', values: line.office },
      { label: t`From PCs nearby`, color: '--ok', values: line.nearby },
    ],
    [t, line],
  );
  const smooth = useMemo(() => [{ label: t`Rebuffering`, color: '--busy', values: line.rebuffering }], [t, line]);
  const limits = useMemo(
    () => [
      { label: t`good below 1 %`, color: '--warn', value: REBUFFER_OK },
      { label: t`bad above 3 %`, color: '--bad', value: REBUFFER_BAD },
    ],
    [t],
  );
  const people = useMemo(() => [{ label: t`Watching at a time`, color: '--busy', values: line.viewers }], [t, line]);
  const [saved, stood] = [offload(sums), rebuffering(sums)];
  return (
    <>
      <SimpleGrid component="dl" cols={{ base: 2, md: 4 }} m={0}>
        <Number name={t`Views that began`}>{whole(sums.views)}</Number>
        <Number name={t`Hours watched`}>{whole(sums.played_ms / 3_600_000)}</Number>
        <Number name={t`Not over the WAN`}>{saved === null ? <Trans>no data</Trans> : percent(saved, i18n.locale)}</Number>
        <Number name={t`Rebuffering`}>
          {stood === null ? <Trans>no data</Trans> : <State tone={rebufferTone(stood)}>{ratio(stood)}</State>}
        </Number>
      </SimpleGrid>
      <Chart title={t`Where the video comes from`} timesMs={line.timesMs} series={sources} unit={rate} stack />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Chart title={t`Time that pictures stood still`} timesMs={line.timesMs} series={smooth} unit={ratio} marks={limits} height={200} />
        <Chart title={t`Viewers`} timesMs={line.timesMs} series={people} unit={whole} height={200} />
      </SimpleGrid>
      <SiteRows sites={delivery.sites} choose={choose} />
      <Text size="xs" c="dimmed">
        <Trans>As browsers say it; who watches with another player is not counted. Nothing says who watched.</Trans>
      </Text>
    </>
  );
}

function Number({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.number}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
