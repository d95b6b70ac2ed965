/** A chart over time, drawn by uPlot in the colours of the theme; its numbers also as a table and as CSV. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, SegmentedControl, Table, Text, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconDownload } from '@tabler/icons-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Series, twin } from './chart-data';
import { download, toCsv } from './csv';
import { absolute } from './format';
import { Panel } from './Panel';

interface Props {
  readonly title: string;
  readonly timesMs: readonly number[];
  readonly series: readonly Series[];
  /** Writes a value, on the axis and in the table. */
  readonly unit: (value: number) => string;
  readonly height?: number;
}

type View = 'chart' | 'table';

export function Chart({ title, timesMs, series, unit, height = 240 }: Props) {
  const { t, i18n } = useLingui();
  const [view, setView] = useState<View>('chart');
  const rows = useMemo(
    () => twin(t`Time`, timesMs, series, (ms) => absolute(ms, i18n.locale)),
    [t, timesMs, series, i18n.locale],
  );
  const [head = [], ...body] = rows;
  const actions = (
    <Group gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={t`How to show ${title}`}
        value={view}
        onChange={(next) => setView(next as View)}
        data={[
          { value: 'chart', label: t`Chart` },
          { value: 'table', label: t`Table` },
        ]}
      />
      <Button
        size="xs"
        variant="default"
        leftSection={<IconDownload size={14} />}
        onClick={() => download(`${title}.csv`, toCsv(rows))}
      >
        CSV
      </Button>
    </Group>
  );
  return (
    <Panel title={title} actions={actions}>
      {view === 'chart' ? (
        <Plot title={title} timesMs={timesMs} series={series} unit={unit} height={height} />
      ) : (
        <Table.ScrollContainer minWidth={320} mah={height + 60}>
          <Table stickyHeader>
            <Table.Thead>
              <Table.Tr>
                {head.map((cell) => (
                  <Table.Th key={cell}>{cell}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {body.map(([time, ...values]) => (
                <Table.Tr key={time}>
                  <Table.Td>{time}</Table.Td>
                  {values.map((value, at) => (
                    <Table.Td key={head[at + 1]} className="tabular">
                      {typeof value === 'number' ? (
                        unit(value)
                      ) : (
                        <Text c="dimmed" size="sm">
                          <Trans>no data</Trans>
                        </Text>
                      )}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Panel>
  );
}

/** A colour of the theme as canvas needs it. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || 'gray';
}

function Plot({ title, timesMs, series, unit, height = 240 }: Props) {
  const scheme = useComputedColorScheme();
  const { ref: box, width } = useElementSize<HTMLDivElement>();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current || width === 0) return;
    const [text, line] = [colour('--mantine-color-dimmed'), colour('--line')];
    const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const drawn = new uPlot(
      {
        width,
        height,
        legend: { show: series.length > 1 },
        axes: [axis, { ...axis, size: 72, values: (_, values) => values.map(unit) }],
        series: [{}, ...series.map(({ label, color }) => ({ label, stroke: colour(color), width: 2, spanGaps: false }))],
      },
      [timesMs.map((ms) => ms / 1000), ...series.map(({ values }) => [...values])],
      place.current,
    );
    return () => drawn.destroy();
    // The colours are read anew when the scheme changes.
  }, [scheme, width, height, timesMs, series, unit]);
  return (
    <div ref={box}>
      <div ref={place} role="img" aria-label={title} />
    </div>
  );
}
