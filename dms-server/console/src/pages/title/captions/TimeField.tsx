/** A time that is typed; what cannot be read is marked, and changes nothing. */

import { useLingui } from '@lingui/react/macro';
import { TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { readStamp, stamp } from './stamp';

interface Props {
  readonly label: string;
  readonly ms: number;
  readonly change: (ms: number) => void;
  readonly wrong?: boolean;
}

export function TimeField({ label, ms, change, wrong = false }: Props) {
  const { t } = useLingui();
  const [text, setText] = useState(stamp(ms));
  useEffect(() => setText(stamp(ms)), [ms]);
  const read = readStamp(text);
  const leave = () => {
    if (read === null) return;
    setText(stamp(read));
    if (read !== ms) change(read);
  };
  return (
    <TextInput
      size="xs"
      w={116}
      className="tabular"
      aria-label={label}
      title={read === null ? t`Write it as 00:01:23.500.` : undefined}
      error={read === null || wrong}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={leave}
      onKeyDown={(event) => {
        if (event.key === 'Enter') leave();
      }}
    />
  );
}
