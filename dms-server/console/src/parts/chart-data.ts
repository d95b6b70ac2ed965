/** What a chart is drawn from. Pure. */

/** One line of a chart. A value of null is "no data": a gap, and never a zero. */
export interface Series {
  readonly label: string;
  readonly color: string;
  readonly values: readonly (number | null)[];
}

/** The table that says the same as the chart: a head, then a row for each point. */
export function twin(
  timeHeader: string,
  timesMs: readonly number[],
  series: readonly Series[],
  timeText: (ms: number) => string,
): (string | number | null)[][] {
  const head = [timeHeader, ...series.map(({ label }) => label)];
  return [head, ...timesMs.map((ms, at) => [timeText(ms), ...series.map(({ values }) => values[at] ?? null)])];
}

/** A line across the chart, such as a limit. */
export interface Mark {
  readonly label: string;
  readonly color: string;
  readonly value: number;
}

/** What stands on what: each series with those before it below. A gap in all of them stays a gap. */
export function stacked(series: readonly Series[]): (number | null)[][] {
  const sums: (number | null)[] = [];
  return series.map(({ values }) =>
    values.map((value, at) => {
      const below = sums[at] ?? null;
      const sum = value === null && below === null ? null : (value ?? 0) + (below ?? 0);
      sums[at] = sum;
      return sum;
    }),
  );
}
