/** One cue: its times, its text, and what can be done with it. */

import { useLingui } from '@lingui/react/macro';
import { ActionIcon, Group, Textarea, Tooltip } from '@mantine/core';
import {
  IconArrowBarDown,
  IconClockDown,
  IconClockUp,
  IconPlayerPlay,
  IconPlus,
  IconScissors,
  IconTrash,
  type Icon,
} from '@tabler/icons-react';
import { memo, useRef } from 'react';
import { State } from '~/parts/State';
import type { Cue, Fault } from './cues';
import classes from './Captions.module.css';
import { TimeField } from './TimeField';

/** What a row asks its list to do. */
export type Act =
  | { readonly kind: 'change'; readonly change: Partial<Omit<Cue, 'key'>> }
  | { readonly kind: 'start_here' | 'end_here' | 'play' | 'merge' | 'remove' | 'add' }
  | { readonly kind: 'split'; readonly character: number };

interface Props {
  readonly cue: Cue;
  readonly at: number;
  readonly isLast: boolean;
  readonly isShown: boolean;
  readonly fault: Fault | undefined;
  /** Whether there is a player whose time can be taken. */
  readonly hasTime: boolean;
  readonly act: (at: number, act: Act) => void;
}

export const CueRow = memo(function CueRow({ cue, at, isLast, isShown, fault, hasTime, act }: Props) {
  const { t } = useLingui();
  const text = useRef<HTMLTextAreaElement>(null);
  const number = at + 1;
  const faults: Readonly<Record<Fault, string>> = {
    overlap: t`Begins before the one before it ends`,
    ends_before_it_begins: t`Ends before it begins`,
    no_text: t`Has no text: it will not be kept`,
    too_long: t`Too long: make several of it`,
    beyond_end: t`Ends after the video`,
  };
  const refused = fault === 'ends_before_it_begins' || fault === 'too_long';
  const button = (label: string, kind: Act['kind'], Symbol: Icon, disabled = false) => (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="md"
        disabled={disabled}
        aria-label={t`${label}, caption ${number}`}
        onClick={() =>
          act(at, kind === 'split' ? { kind, character: text.current?.selectionStart ?? 0 } : ({ kind } as Act))
        }
      >
        <Symbol size={16} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <div className={classes.cue} data-shown={isShown || undefined} data-cue={at}>
      <div className={classes.number}>{number}</div>
      <div className={classes.times}>
        <Group gap={2} wrap="nowrap">
          <TimeField
            label={t`Begin of caption ${number}`}
            ms={cue.startMs}
            change={(startMs) => act(at, { kind: 'change', change: { startMs } })}
          />
          {button(t`Begin here`, 'start_here', IconClockDown, !hasTime)}
        </Group>
        <Group gap={2} wrap="nowrap">
          <TimeField
            label={t`End of caption ${number}`}
            ms={cue.endMs}
            change={(endMs) => act(at, { kind: 'change', change: { endMs } })}
            wrong={fault === 'ends_before_it_begins'}
          />
          {button(t`End here`, 'end_here', IconClockUp, !hasTime)}
        </Group>
      </div>
      <div className={classes.words}>
        <Textarea
          ref={text}
          size="sm"
          rows={2}
          aria-label={t`Text of caption ${number}`}
          value={cue.text}
          onChange={(event) => act(at, { kind: 'change', change: { text: event.currentTarget.value } })}
        />
        {fault && <State tone={refused ? 'bad' : 'warn'}>{faults[fault]}</State>}
      </div>
      <Group gap={0} wrap="nowrap" className={classes.acts}>
        {button(t`Play from here`, 'play', IconPlayerPlay, !hasTime)}
        {button(t`Split at the cursor`, 'split', IconScissors)}
        {button(t`Join with the next`, 'merge', IconArrowBarDown, isLast)}
        {button(t`Add one behind it`, 'add', IconPlus)}
        {button(t`Remove`, 'remove', IconTrash)}
      </Group>
    </div>
  );
});
