/** What is wrong with a sheet, or worth knowing: line, column, value, code, and the fix. A row leads to its line. */

import { useLingui } from '@lingui/react/macro';
import { Code, Table, UnstyledButton } from '@mantine/core';
import classes from './Import.module.css';
import type { SheetFault } from './import';

/** Faults that are drawn; the server tells no more than this. */
const DRAWN_MAX = 500;

interface Props {
  readonly label: string;
  readonly faults: readonly SheetFault[];
  /** Shows the line. */
  readonly open: (line: number) => void;
}

export function FaultTable({ label, faults, open }: Props) {
  const { t } = useLingui();
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing="xs" horizontalSpacing="md" miw={640}>
        <Table.Caption>{label}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t`Line`}</Table.Th>
            <Table.Th>{t`Column`}</Table.Th>
            <Table.Th>{t`Value`}</Table.Th>
            <Table.Th>{t`What is wrong`}</Table.Th>
            <Table.Th>{t`Fix`}</Table.Th>
            <Table.Th>{t`Code`}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {faults.slice(0, DRAWN_MAX).map((fault, index) => (
            <Table.Tr key={index}>
              <Table.Td className="tabular">
                {fault.line === 0 ? (
                  t`File`
                ) : (
                  <UnstyledButton
                    fz="sm"
                    td="underline"
                    aria-label={t`Go to line ${fault.line}`}
                    onClick={() => open(fault.line)}
                  >
                    {fault.line}
                  </UnstyledButton>
                )}
              </Table.Td>
              <Table.Td>{fault.column}</Table.Td>
              <Table.Td>{fault.value && <Code>{fault.value}</Code>}</Table.Td>
              <Table.Td>{fault.detail}</Table.Td>
              <Table.Td>{fault.fix}</Table.Td>
              <Table.Td>
                <Code>{fault.code}</Code>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
