/** Where a file is wrong, and what puts it right. */

import { useLingui } from '@lingui/react/macro';
import { Code, Table } from '@mantine/core';
import type { FileFault } from './file-faults';

export function Faults({ faults }: { faults: readonly FileFault[] }) {
  const { t } = useLingui();
  return (
    <Table.ScrollContainer minWidth={420} mah={260} type="native" tabIndex={0} role="region" aria-label={t`Faults of the file`}>
      <Table stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t`Line`}</Table.Th>
            <Table.Th ta="end">{t`Caption`}</Table.Th>
            <Table.Th>{t`What to do`}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {faults.map(({ line, column, cue, code, fix }) => (
            <Table.Tr key={`${line}:${column}:${code}`}>
              <Table.Td className="tabular">
                {line}:{column}
              </Table.Td>
              <Table.Td ta="end" className="tabular">
                {cue > 0 ? cue : '–'}
              </Table.Td>
              <Table.Td>
                {fix} <Code>{code}</Code>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
