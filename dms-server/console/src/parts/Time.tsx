/** A moment: how long ago, and on hover exactly when. */

import { useLingui } from '@lingui/react';
import { Tooltip } from '@mantine/core';
import { useNow } from './now';
import { absolute, relative } from './format';

export function Time({ ms }: { ms: number }) {
  const { i18n } = useLingui();
  const now = useNow();
  const label = `${absolute(ms, i18n.locale)} (${absolute(ms, i18n.locale, 'UTC')})`;
  return (
    <Tooltip label={label}>
      <time dateTime={new Date(ms).toISOString()}>{relative(ms, now, i18n.locale)}</time>
    </Tooltip>
  );
}
