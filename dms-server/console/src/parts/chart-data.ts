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
