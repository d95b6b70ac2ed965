/** The hours of the week in which another WAN cap holds, as somebody types them. */

import { Trans, useLingui } from '@lingui/react/macro';
import { ActionIcon, Button, Chip, Group, Input, Select, Stack, TextInput, Tooltip } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { type ReactNode, useMemo } from 'react';
import { fromMbit } from '~/parts/rates';
import classes from './Week.module.css';
import {
  dayName,
  DAYS,
  type Day,
  type HoursForm,
  minutesOf,
  OFFICE,
  OFFSETS,
  offsetName,
  type WindowForm,
  WINDOWS_MAX,
  weekOf,
} from './week';
import { WeekPicture } from './WeekPicture';

interface Props {
  readonly hours: HoursForm;
  /** The site's own cap, as it is typed. */
  readonly mbit: string;
  readonly readOnly: boolean;
  readonly error: ReactNode;
  readonly change: (hours: HoursForm) => void;
}

export function WanHours({ hours, mbit, readOnly, error, change }: Props) {
  const { t } = useLingui();
  const { offset, windows } = hours;
  const week = useMemo(() => weekOf(fromMbit(mbit) ?? 0, windows), [mbit, windows]);
  const set = (at: number, window: Partial<WindowForm>) => {
    const old = windows[at];
    if (old) change({ offset, windows: windows.with(at, { ...old, ...window }) });
  };
  const add = () => {
    // The clock of who draws the site is a good guess at the site's.
    const here = windows.length === 0 ? -new Date().getTimezoneOffset() : offset;
    change({ offset: here, windows: [...windows, OFFICE] });
  };
  return (
    <Input.Wrapper
      label={t`WAN hours`}
      description={t`Hours of the week in which another cap holds, such as a tighter one while people work. A window may end on the next day.`}
      error={error}
    >
      <Stack gap="sm" mt={6}>
        {windows.map((window, at) => (
          <WindowFields
            // Windows have no name but their place.
            key={at}
            window={window}
            number={at + 1}
            readOnly={readOnly}
            set={(change) => set(at, change)}
            remove={() => change({ offset, windows: windows.toSpliced(at, 1) })}
          />
        ))}
        {!readOnly && windows.length < WINDOWS_MAX && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPlus size={14} />}
            onClick={add}
            style={{ alignSelf: 'flex-start' }}
          >
            <Trans>Add hours</Trans>
          </Button>
        )}
        {windows.length > 0 && (
          <>
            <Select
              label={t`The site's clock`}
              description={t`It stays so all year: change it where the clocks are changed for the summer.`}
              data={OFFSETS.map((minutes) => ({ value: String(minutes), label: offsetName(minutes) }))}
              value={String(offset)}
              onChange={(next) => change({ offset: Number(next ?? 0), windows })}
              allowDeselect={false}
              searchable
              disabled={readOnly}
            />
            <WeekPicture week={week} />
          </>
        )}
      </Stack>
    </Input.Wrapper>
  );
}

interface WindowProps {
  readonly window: WindowForm;
  readonly number: number;
  readonly readOnly: boolean;
  readonly set: (change: Partial<WindowForm>) => void;
  readonly remove: () => void;
}

function WindowFields({ window, number, readOnly, set, remove }: WindowProps) {
  const { t, i18n } = useLingui();
  const wrongTime = (text: string) => (minutesOf(text) === null ? t`Write it as 08:00.` : undefined);
  return (
    <div className={classes.window} role="group" aria-label={t`Hours ${number}`}>
      <Stack gap="xs">
        <Chip.Group
          multiple
          value={[...window.days]}
          onChange={(days) => set({ days: DAYS.filter((day) => days.includes(day)) })}
        >
          <Group gap={4}>
            {DAYS.map((day: Day, place) => (
              <Chip key={day} value={day} size="xs" disabled={readOnly}>
                {dayName(place, i18n.locale, 'short')}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <Group gap="xs" align="flex-start" wrap="nowrap">
          <TextInput
            size="xs"
            label={t`From`}
            w={80}
            readOnly={readOnly}
            value={window.from}
            error={wrongTime(window.from)}
            onChange={(event) => set({ from: event.currentTarget.value })}
          />
          <TextInput
            size="xs"
            label={t`Until`}
            w={80}
            readOnly={readOnly}
            value={window.until}
            error={wrongTime(window.until)}
            onChange={(event) => set({ until: event.currentTarget.value })}
          />
          <TextInput
            size="xs"
            label={t`Cap, Mbit/s`}
            placeholder={t`no cap`}
            inputMode="decimal"
            flex={1}
            readOnly={readOnly}
            value={window.mbit}
            error={fromMbit(window.mbit) === null ? t`This is no rate.` : undefined}
            onChange={(event) => set({ mbit: event.currentTarget.value })}
          />
          {!readOnly && (
            <Tooltip label={t`Remove`}>
              <ActionIcon mt={22} variant="subtle" color="gray" aria-label={t`Remove hours ${number}`} onClick={remove}>
                <IconTrash size={16} />
              </ActionIcon>
            </Tooltip>
          )}
        </Group>
      </Stack>
    </div>
  );
}
