/** A chart over time, drawn by uPlot in the colours of the theme; its numbers also as a table and as CSV. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Text, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Mark, type Series, stacked, twin } from './chart-data';
import { mixed } from './colours';
import { Drawn } from './Drawn';
import { absolute } from './format';
import { colour } from './theme-colour';

interface Props {
  readonly title: string;
  readonly timesMs: readonly number[];
  readonly series: readonly Series[];
  /** Writes a value, on the axis and in the table. */
  readonly unit: (value: number) => string;
  readonly height?: number;
  /** The series stand on one another as areas. */
  readonly stack?: boolean;
  /** Lines across, such as limits. */
  readonly marks?: readonly Mark[];
}

const NO_MARKS: readonly Mark[] = [];

export function Chart({ title, timesMs, series, unit, height = 240, stack = false, marks = NO_MARKS }: Props) {
  const { t, i18n } = useLingui();
  const rows = useMemo(
    () => twin(t`Time`, timesMs, series, (ms) => absolute(ms, i18n.locale)),
    [t, timesMs, series, i18n.locale],
  );
  const cell = (value: string | number | null) => {
    if (value === null) return <NoData />;
    return typeof value === 'number' ? unit(value) : value;
  };
  return (
    <Drawn title={title} table={rows} keys={1} cell={cell} height={height}>
      <Plot title={title} timesMs={timesMs} series={series} unit={unit} height={height} stack={stack} marks={marks} />
    </Drawn>
  );
}

/** Nothing was counted then, which is not the same as 0. */
function NoData() {
  return (
    <Text c="dimmed" size="sm">
      <Trans>no data</Trans>
    </Text>
  );
}

/** A colour of the theme, thinned by the surface behind it, so that what lies below shows through nowhere. */
function area(name: string): string {
  return mixed(colour(name), colour('--surface'), 0.55);
}

function Plot({ title, timesMs, series, unit, height = 240, stack = false, marks = NO_MARKS }: Props) {
  const scheme = useComputedColorScheme();
  const { ref: box, width } = useElementSize<HTMLDivElement>();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current || width === 0) return;
    const [text, line] = [colour('--mantine-color-dimmed'), colour('--line')];
    const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const heights = stack ? stacked(series) : series.map(({ values }) => [...values]);
    // The highest area first: the others are painted over it.
    const order = series.map((_, at) => (stack ? series.length - 1 - at : at));
    const lines = order.map((at) => {
      const { label, color, values } = series[at] as Series;
      // What is said of an area is its own height, not where its edge is.
      const value = (_: uPlot, __: number, ___: number, index: number | null) => {
        const own = index === null ? null : values[index];
        return own === null || own === undefined ? '–' : unit(own);
      };
      return { label, value, stroke: colour(color), width: 2, spanGaps: false, ...(stack && { fill: area(color) }) };
    });
    const limits = marks.map(({ label, color }) => ({
      label,
      stroke: colour(color),
      width: 1,
      dash: [6, 4],
      points: { show: false },
    }));
    const highest = Math.max(0, ...marks.map(({ value }) => value), ...heights.flat().map((value) => value ?? 0));
    const drawn = new uPlot(
      {
        width,
        height,
        legend: { show: series.length + marks.length > 1 },
        // Limits and areas are measured from 0.
        ...((stack || marks.length > 0) && { scales: { y: { range: [0, highest === 0 ? 1 : highest * 1.1] } } }),
        axes: [axis, { ...axis, size: 72, values: (_, values) => values.map(unit) }],
        series: [{}, ...lines, ...limits],
      },
      [
        timesMs.map((ms) => ms / 1000),
        ...order.map((at) => heights[at] ?? []),
        ...marks.map(({ value }) => timesMs.map(() => value)),
      ],
      place.current,
    );
    return () => drawn.destroy();
    // The colours are read anew when the scheme changes.
  }, [scheme, width, height, timesMs, series, unit, stack, marks]);
  return (
    <div ref={box}>
      <div ref={place} role="img" aria-label={title} />
    </div>
  );
}
