/** What is drawn in a panel, with its twins: the same numbers as a table, and as CSV. */

import { useLingui } from '@lingui/react/macro';
import { Button, Group, SegmentedControl, Table } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { download, toCsv } from './csv';
import { Panel } from './Panel';

type Cell = string | number | null;

interface Props {
  readonly title: string;
  /** A head and the rows that say the same as the picture. */
  readonly table: readonly (readonly Cell[])[];
  /** How many cells tell one row from the others. */
  readonly keys: number;
  /** A cell for people. */
  readonly cell: (value: Cell, column: number) => ReactNode;
  /** How high the picture is, px. */
  readonly height: number;
  /** The picture. */
  readonly children: ReactNode;
}

type View = 'chart' | 'table';

export function Drawn({ title, table, keys, cell, height, children }: Props) {
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
        children
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
                <Table.Tr key={row.slice(0, keys).join(' ')}>
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
