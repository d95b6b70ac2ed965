/** The renditions that a profile makes of a Full HD source: bars as long as their bit rates, with the numbers in a table. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Table, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, ask, type Schema } from '~/api/client';
import { Panel } from '~/parts/Panel';
import classes from './Ladder.module.css';

/** The source that it is said for. */
const SOURCE = { width: 1920, height: 1080, frame_rate: 30 } as const;

/** How long nobody types before the server is asked, ms. */
const SETTLE_MS = 250;

export function Ladder({ numbers }: { numbers: Schema<'Numbers'> | null }) {
  const { t, i18n } = useLingui();
  const [asked] = useDebouncedValue(numbers, SETTLE_MS);
  const ladder = useQuery({
    queryKey: ['ladder', asked],
    queryFn: () => ask(api.POST('/api/v1/profiles/ladder', { body: { numbers: asked as Schema<'Numbers'>, ...SOURCE } })),
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const rungs = ladder.data?.rungs ?? [];
  const highest = Math.max(1, ...rungs.map(({ bits_per_second: bits }) => bits));
  const rate = (bits: number) => {
    const style = { style: 'unit', unit: 'megabit-per-second', maximumFractionDigits: 2 } as const;
    return new Intl.NumberFormat(i18n.locale, style).format(bits / 1e6);
  };
  return (
    <Panel title={t`Made of a 1080p source`}>
      {ladder.isError || rungs.length === 0 ? (
        <Text size="sm" c="dimmed">
          <Trans>The renditions are shown when the numbers are in their ranges.</Trans>
        </Text>
      ) : (
        <Table aria-label={t`Renditions`}>
          <Table.Tbody>
            {rungs.map(({ width, height, frame_rate: frames, bits_per_second: bits }) => (
              <Table.Tr key={height}>
                <Table.Th scope="row">{height}p</Table.Th>
                <Table.Td className="tabular">
                  {width} × {height}, {frames}/s
                </Table.Td>
                <Table.Td className={classes.cell} aria-hidden>
                  <div className={classes.bar} style={{ width: `${(100 * bits) / highest}%` }} />
                </Table.Td>
                <Table.Td ta="end" className="tabular">
                  {rate(bits)}
                </Table.Td>
              </Table.Tr>
            ))}
            <Table.Tr>
              <Table.Th scope="row">{t`Sound`}</Table.Th>
              <Table.Td />
              <Table.Td aria-hidden />
              <Table.Td ta="end" className="tabular">
                {rate(ladder.data?.audio_bits_per_second ?? 0)}
              </Table.Td>
            </Table.Tr>
          </Table.Tbody>
        </Table>
      )}
    </Panel>
  );
}
