/** A span of time that is typed, or left out; what cannot be read is marked, and changes nothing. */

import { useLingui } from '@lingui/react/macro';
import { TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { readStamp, stamp } from '../captions/stamp';

interface Props {
  readonly label: string;
  /** null: left out. */
  readonly ms: number | null;
  /** What it means when it is left out. */
  readonly empty: string;
  readonly change: (ms: number | null) => void;
  readonly wrong?: boolean;
}

const shown = (ms: number | null) => (ms === null ? '' : stamp(ms));

export function SpanField({ label, ms, empty, change, wrong = false }: Props) {
  const { t } = useLingui();
  const [text, setText] = useState(shown(ms));
  useEffect(() => setText(shown(ms)), [ms]);
  const read = text.trim() === '' ? null : readStamp(text);
  const unreadable = text.trim() !== '' && read === null;
  const leave = () => {
    if (unreadable) return;
    setText(shown(read));
    if (read !== ms) change(read);
  };
  return (
    <TextInput
      size="xs"
      w={124}
      className="tabular"
      aria-label={label}
      placeholder={empty}
      title={unreadable ? t`Write it as 00:01:23.500.` : undefined}
      error={unreadable || wrong}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={leave}
      onKeyDown={(event) => {
        if (event.key === 'Enter') leave();
      }}
    />
  );
}
