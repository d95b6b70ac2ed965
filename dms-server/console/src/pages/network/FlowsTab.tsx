/** Sites as a matrix, and the flows of bytes between origin, sites and viewers, in a time that is chosen. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Group, Select, Stack, Text } from '@mantine/core';
import { IconBuildingCommunity } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { askSiteDeliveries, rangeOf, SPANS_MS } from '~/api/delivery';
import { sitesQuery } from '~/api/sites';
import { mixed } from '~/parts/colours';
import { Diagram } from '~/parts/Diagram';
import type { Option } from '~/parts/diagram-engine';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { bytes, count, percent, span } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { StaleBadge } from '~/parts/StaleBadge';
import { useUrlState } from '~/parts/url-state';
import type { Colour } from '~/parts/theme-colour';
import { type Flow, flowsOf, goodness, matrixOf, type Row } from './flows';

const DEFAULTS = { from: '', to: '', span: String(24 * 3_600_000) };
const LOOK_MS = 30_000;
const COLUMNS = ['offload', 'use', 'peers'] as const;

export function FlowsTab() {
  const { t, i18n } = useLingui();
  const [values, change] = useUrlState(DEFAULTS);
  const range = useMemo(() => rangeOf(values), [values.from, values.to, values.span]);
  const sites = useQuery(sitesQuery);
  const deliveries = useQuery({
    queryKey: ['site-deliveries', range],
    queryFn: () => askSiteDeliveries(range),
    placeholderData: keepPreviousData,
    refetchInterval: range.kind === 'live' ? LOOK_MS : false,
  });
  const failed = sites.error ?? deliveries.error;
  const [known, came] = [sites.data?.items, deliveries.data];
  const rows = useMemo(
    () => (known && came ? matrixOf(known, came.sites, came.until_ms - came.from_ms, t`In no site`) : []),
    [known, came, t],
  );
  const ends = useMemo(
    () => ({
      origin: t`Origin`,
      others: t`Other sites`,
      overWan: t`Viewers, over the WAN`,
      office: t`Viewers, from the office's cache`,
      nearby: t`Viewers, from PCs nearby`,
    }),
    [t],
  );
  const flows = useMemo(() => flowsOf(rows, ends), [rows, ends]);
  if (failed && !(known && came)) {
    const retry = () => Promise.all([sites.refetch(), deliveries.refetch()]);
    return <ErrorState error={failed} retry={retry} />;
  }
  if (!known || !came) return <Loading rows={4} height={120} />;
  return (
    <Stack gap="lg">
      <Group gap="sm">
        <Select
          aria-label={t`Time`}
          w={200}
          allowDeselect={false}
          value={range.kind === 'live' ? String(range.spanMs) : null}
          placeholder={t`A chosen time`}
          onChange={(next) => change({ span: next ?? DEFAULTS.span, from: '', to: '' })}
          data={SPANS_MS.map((ms) => ({ value: String(ms), label: t`The last ${span(ms / 1000, i18n.locale)}` }))}
        />
        <StaleBadge sinceMs={deliveries.dataUpdatedAt} afterMs={3 * LOOK_MS} />
      </Group>
      {rows.length === 0 ? (
        <EmptyState icon={IconBuildingCommunity} title={t`There is no site yet`}>
          <Trans>Each site is a row here: how much of what is watched stays in the office, and how full its WAN is.</Trans>
        </EmptyState>
      ) : (
        <Matrix rows={rows} />
      )}
      {flows.length === 0 ? (
        <Text size="sm" c="dimmed">
          <Trans>Nobody watched in a browser in this time, so there is no flow to draw.</Trans>
        </Text>
      ) : (
        <Flows flows={flows} />
      )}
    </Stack>
  );
}

function Matrix({ rows }: { rows: readonly Row[] }) {
  const { t, i18n } = useLingui();
  const heads = useMemo(() => [t`Not over the WAN`, t`WAN use of its cap`, t`Peers now`], [t]);
  const text = useCallback(
    (value: number | null, column: number) =>
      value === null ? t`no data` : column < 2 ? percent(value, i18n.locale) : count(value, i18n.locale),
    [t, i18n.locale],
  );
  const option = useCallback(
    (colour: Colour): Option => {
      const most = Math.max(0, ...rows.map(({ peers }) => peers ?? 0));
      const data = rows.flatMap((row, y) =>
        COLUMNS.map((column, x) => ({
          value: [x, y, goodness(row, column, most) ?? -1] as [number, number, number],
          label: text(row[column], x),
        })),
      );
      const label = { color: colour('--mantine-color-dimmed'), fontFamily: 'inherit' };
      return {
        grid: { left: 8, right: 8, top: 28, bottom: 8, containLabel: true },
        xAxis: {
          type: 'category',
          data: heads,
          position: 'top',
          axisLabel: label,
          axisLine: { show: false },
          axisTick: { show: false },
        },
        yAxis: {
          type: 'category',
          data: rows.map(({ name }) => name),
          inverse: true,
          axisLabel: { ...label, width: 160, overflow: 'truncate' },
          axisLine: { show: false },
          axisTick: { show: false },
        },
        visualMap: {
          show: false,
          type: 'piecewise',
          dimension: 2,
          // Tints of the surface: the same text is read on each of them, in both schemes.
          pieces: [
            { lt: 0, color: colour('--canvas') },
            ...[0, 0.2, 0.4, 0.6, 0.8].map((from) => ({
              gte: from,
              lt: from === 0.8 ? 2 : from + 0.2,
              color: mixed(colour('--ok'), colour('--surface'), 0.06 + from * 0.36),
            })),
          ],
        },
        series: [
          {
            type: 'heatmap',
            data: data.map(({ value }) => value),
            itemStyle: { borderColor: colour('--surface'), borderWidth: 2 },
            label: {
              show: true,
              color: colour('--mantine-color-text'),
              formatter: ({ dataIndex }) => data[dataIndex]?.label ?? '',
            },
          },
        ],
      };
    },
    [rows, heads, text],
  );
  const table = useMemo(
    () => [[t`Site`, ...heads], ...rows.map((row) => [row.name, ...COLUMNS.map((column) => row[column])])],
    [t, heads, rows],
  );
  return (
    <Diagram
      title={t`Sites`}
      option={option}
      height={Math.max(120, 48 + rows.length * 34)}
      table={table}
      cell={(value, column) => (column === 0 ? String(value) : text(value as number | null, column - 1))}
    />
  );
}

function Flows({ flows }: { flows: readonly Flow[] }) {
  const { t, i18n } = useLingui();
  const option = useCallback(
    (colour: Colour): Option => {
      const names = [...new Set(flows.flatMap(({ from, to }) => [from, to]))];
      return {
        tooltip: { trigger: 'item', renderMode: 'richText', valueFormatter: (value) => bytes(Number(value), i18n.locale) },
        series: [
          {
            type: 'sankey',
            left: 8,
            right: 200,
            nodeGap: 12,
            data: names.map((name) => ({ name, itemStyle: { color: colour('--busy'), borderWidth: 0 } })),
            links: flows.map(({ from, to, bytes: value }) => ({ source: from, target: to, value })),
            label: { color: colour('--mantine-color-text'), overflow: 'truncate', width: 180 },
            lineStyle: { color: colour('--busy'), opacity: 0.25 },
            emphasis: { focus: 'adjacency' },
          },
        ],
      };
    },
    [flows, i18n.locale],
  );
  const table = useMemo(
    () => [[t`From`, t`To`, t`Bytes`], ...flows.map(({ from, to, bytes: value }) => [from, to, value])],
    [t, flows],
  );
  const sites = new Set(flows.map(({ to }) => to)).size;
  return (
    <Diagram
      title={t`From the origin to the viewers`}
      option={option}
      height={Math.max(260, sites * 34)}
      table={table}
      cell={(value, column) => (column < 2 ? String(value) : bytes(Number(value), i18n.locale))}
    />
  );
}
