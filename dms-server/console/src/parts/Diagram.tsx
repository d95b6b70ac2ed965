/** A diagram drawn by ECharts, which is loaded when the first one is shown; its numbers also as a table and as CSV. */

import { useLingui } from '@lingui/react/macro';
import { Button, Group, SegmentedControl, Table, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconDownload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { download, toCsv } from './csv';
import type { Option } from './diagram-engine';
import { Panel } from './Panel';

/** The theme's colours, by their names in the style sheet. */
export type Colour = (name: string) => string;

interface Props {
  readonly title: string;
  /** What to draw, in the colours of the theme; the same function while the same is to be drawn. */
  readonly option: (colour: Colour) => Option;
  readonly height: number;
  /** A head and the rows that say the same. */
  readonly table: readonly (readonly (string | number | null)[])[];
  /** A cell for people. */
  readonly cell: (value: string | number | null, column: number) => string;
}

type View = 'chart' | 'table';

export function Diagram({ title, option, height, table, cell }: Props) {
  const { t } = useLingui();
  const [view, setView] = useState<View>('chart');
  const [head = [], ...rows] = table;
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
        onClick={() => download(`${title}.csv`, toCsv(table))}
      >
        CSV
      </Button>
    </Group>
  );
  return (
    <Panel title={title} actions={actions}>
      {view === 'chart' ? (
        <Drawing title={title} option={option} height={height} />
      ) : (
        <Table.ScrollContainer minWidth={420} mah={height + 60} type="native" tabIndex={0} role="region" aria-label={t`Table`}>
          <Table stickyHeader>
            <Table.Thead>
              <Table.Tr>
                {head.map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={row.slice(0, 2).join(' ')}>
                  {row.map((value, column) => (
                    <Table.Td key={head[column]} className="tabular">
                      {cell(value, column)}
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

const colour: Colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim() || 'gray';

function Drawing({ title, option, height }: Pick<Props, 'title' | 'option' | 'height'>) {
  const scheme = useComputedColorScheme();
  const { ref: box, width } = useElementSize<HTMLDivElement>();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element || width === 0) return;
    let dispose = () => {};
    let gone = false;
    void import('./diagram-engine').then(({ draw }) => {
      if (!gone) dispose = draw(element, option(colour), { width, height });
    });
    return () => {
      gone = true;
      dispose();
    };
    // The colours are read anew when the scheme changes.
  }, [scheme, width, height, option]);
  return (
    <div ref={box}>
      <div ref={place} role="img" aria-label={title} style={{ height }} />
    </div>
  );
}
