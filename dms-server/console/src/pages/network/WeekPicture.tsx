/** When which WAN cap holds in a week, as a picture and as a table. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Group, SegmentedControl, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { rate } from '~/parts/rates';
import { dayName, type Part, shade } from './week';
import classes from './Week.module.css';

const HOURS = [0, 6, 12, 18, 24];
const ROW = 20;
const DAY = 24 * 60;

const two = (value: number) => String(value).padStart(2, '0');
const clock = (minutes: number) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;

export function WeekPicture({ week }: { week: readonly (readonly Part[])[] }) {
  const { t, i18n } = useLingui();
  const [view, setView] = useState('picture');
  const said = (cap: number) => (cap === 0 ? t`no cap` : rate(cap, i18n.locale));
  const caps = [...new Set(week.flat().map(({ cap }) => cap))].sort((a, b) => a - b);
  return (
    <div>
      <Group justify="space-between" mb={6}>
        <Text size="sm" fw={500}>
          <Trans>The week</Trans>
        </Text>
        <SegmentedControl
          size="xs"
          aria-label={t`How to show the week`}
          value={view}
          onChange={setView}
          data={[
            { value: 'picture', label: t`Picture` },
            { value: 'table', label: t`Table` },
          ]}
        />
      </Group>
      {view === 'picture' ? (
        <>
          <svg
            viewBox={`0 0 ${DAY + 200} ${7 * ROW * 3 + 70}`}
            role="img"
            aria-label={t`WAN cap by day and hour`}
            className={classes.picture}
          >
            {week.map((parts, day) => (
              <g key={dayName(day, 'en', 'short')} transform={`translate(0 ${day * ROW * 3})`}>
                <text x={0} y={ROW * 1.9} className={classes.label}>
                  {dayName(day, i18n.locale, 'short')}
                </text>
                <rect x={190} y={4} width={DAY} height={ROW * 3 - 8} className={classes.free} />
                {parts.map(({ from, until, cap }) => (
                  <rect
                    key={from}
                    x={190 + from}
                    y={4}
                    width={until - from}
                    height={ROW * 3 - 8}
                    className={classes.part}
                    fillOpacity={shade(cap, week)}
                  >
                    <title>{`${dayName(day, i18n.locale, 'long')} ${clock(from)}–${clock(until)}: ${said(cap)}`}</title>
                  </rect>
                ))}
              </g>
            ))}
            {HOURS.map((hour) => (
              <text
                key={hour}
                x={190 + hour * 60}
                y={7 * ROW * 3 + 50}
                textAnchor={hour === 24 ? 'end' : 'middle'}
                className={classes.label}
              >
                {hour}
              </text>
            ))}
          </svg>
          <Group gap="md">
            {caps.map((cap) => (
              <Group key={cap} gap={6}>
                <svg width={14} height={14} aria-hidden className={classes.key}>
                  <rect width={14} height={14} className={classes.free} />
                  <rect width={14} height={14} className={classes.part} fillOpacity={shade(cap, week)} />
                </svg>
                <Text size="xs">{said(cap)}</Text>
              </Group>
            ))}
          </Group>
        </>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t`Day`}</Table.Th>
              <Table.Th>{t`Hours`}</Table.Th>
              <Table.Th ta="end">{t`WAN cap`}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {week.flatMap((parts, day) =>
              parts.map(({ from, until, cap }, at) => (
                <Table.Tr key={`${dayName(day, 'en', 'short')} ${from}`}>
                  <Table.Td>{at === 0 ? dayName(day, i18n.locale, 'long') : ''}</Table.Td>
                  <Table.Td className="tabular">
                    {clock(from)}–{clock(until)}
                  </Table.Td>
                  <Table.Td ta="end" className="tabular">
                    {said(cap)}
                  </Table.Td>
                </Table.Tr>
              )),
            )}
          </Table.Tbody>
        </Table>
      )}
    </div>
  );
}
