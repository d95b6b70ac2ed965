/** From which moment of a title a link plays. */

import { useLingui } from '@lingui/react/macro';
import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { readClock } from './links';

export function StartField({ change }: { change: (seconds: number) => void }) {
  const { t } = useLingui();
  const [text, setText] = useState('');
  const seconds = text.trim() === '' ? 0 : readClock(text);
  return (
    <TextInput
      label={t`From`}
      description={t`Minutes and seconds, such as 1:30. Empty: from the beginning.`}
      placeholder="0:00"
      w={260}
      value={text}
      error={seconds === null ? t`Write it as 1:30 or 1:02:30.` : undefined}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        change(next.trim() === '' ? 0 : (readClock(next) ?? 0));
      }}
    />
  );
}
