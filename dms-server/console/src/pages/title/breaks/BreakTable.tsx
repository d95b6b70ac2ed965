/** The breaks as a list: the same as on the line, with exact times and what else each says. */

import { Trans, useLingui } from '@lingui/react/macro';
import { ActionIcon, Checkbox, Table, Text, Tooltip } from '@mantine/core';
import { IconClockDown, IconTrash } from '@tabler/icons-react';
import { State } from '~/parts/State';
import { TimeField } from '../captions/TimeField';
import { type Break, type BreakFault, type Breaks, faultOf } from './breaks';
import { SpanField } from './SpanField';

interface Props {
  readonly breaks: Breaks;
  readonly durationMs: number;
  readonly unreached: ReadonlySet<number>;
  readonly chosen: number | null;
  readonly choose: (id: number) => void;
  readonly edit: (id: number, change: Partial<Break>) => void;
  readonly here: (id: number) => void;
  readonly remove: (id: number) => void;
}

export function BreakTable(props: Props) {
  const { t } = useLingui();
  return (
    <Table.ScrollContainer minWidth={760} type="native" tabIndex={0} role="region" aria-label={t`List of the breaks`}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t`Break`}</Table.Th>
            <Table.Th>{t`At`}</Table.Th>
            <Table.Th>{t`Length`}</Table.Th>
            <Table.Th>{t`Replaces`}</Table.Th>
            <Table.Th>{t`May not be skipped over`}</Table.Th>
            <Table.Th>{t`From`}</Table.Th>
            <Table.Th>{t`Remove`}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.breaks.map((one, index) => (
            <Row key={one.id} {...props} one={one} number={index + 1} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Row({ one, number, durationMs, unreached, chosen, choose, edit, here, remove }: Props & { one: Break; number: number }) {
  const { t } = useLingui();
  const fault = faultOf(one, durationMs);
  const names: Readonly<Record<BreakFault, string>> = {
    beyond_end: t`Lies behind the end`,
    replaces_too_much: t`Replaces more than is left`,
    length: t`At least 1 ms, at most a day`,
  };
  const { id } = one;
  return (
    <Table.Tr data-break-row={id} onFocus={() => choose(id)}>
      <Table.Td>
        <Text size="sm" fw={chosen === id ? 700 : 500} component="span" mr="xs">
          {number}
        </Text>
        {fault && <State tone="bad">{names[fault]}</State>}
        {!fault && unreached.has(id) && (
          <State tone="warn">
            <Trans>Another break replaces this place</Trans>
          </State>
        )}
      </Table.Td>
      <Table.Td>
        <div style={{ display: 'flex', gap: 4 }}>
          <TimeField
            label={t`Time of break ${number}`}
            ms={one.at_ms}
            change={(at_ms) => edit(id, { at_ms })}
            wrong={fault === 'beyond_end'}
          />
          <Tooltip label={t`Move it to the playhead`}>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t`Move break ${number} to the playhead`}
              onClick={() => here(id)}
            >
              <IconClockDown size={16} />
            </ActionIcon>
          </Tooltip>
        </div>
      </Table.Td>
      <Table.Td>
        <SpanField
          label={t`Length of break ${number}`}
          ms={one.length_ms}
          empty={t`what fills it`}
          change={(length_ms) => edit(id, { length_ms })}
          wrong={fault === 'length'}
        />
      </Table.Td>
      <Table.Td>
        <SpanField
          label={t`What break ${number} replaces`}
          ms={one.resume_ms === 0 ? null : one.resume_ms}
          empty={t`nothing`}
          change={(ms) => edit(id, { resume_ms: ms ?? 0 })}
          wrong={fault === 'replaces_too_much'}
        />
      </Table.Td>
      <Table.Td>
        <Checkbox
          aria-label={t`Break ${number} may not be skipped over`}
          checked={one.hold}
          onChange={(event) => edit(id, { hold: event.currentTarget.checked })}
        />
      </Table.Td>
      <Table.Td>
        <Text size="xs" c="dimmed" component="span">
          {one.origin === 'vmap' ? 'VMAP' : one.origin === 'scte35' ? 'SCTE-35' : t`by hand`}
        </Text>
      </Table.Td>
      <Table.Td>
        <ActionIcon variant="subtle" color="gray" aria-label={t`Remove break ${number}`} onClick={() => remove(id)}>
          <IconTrash size={16} />
        </ActionIcon>
      </Table.Td>
    </Table.Tr>
  );
}
