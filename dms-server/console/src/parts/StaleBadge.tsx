/** Says how old the numbers are, once they are older than they should be. */

import { Trans } from '@lingui/react/macro';
import { useLingui } from '@lingui/react';
import { IconClockExclamation } from '@tabler/icons-react';
import { span } from './format';
import { useNow } from './now';
import classes from './State.module.css';

interface Props {
  /** When the numbers were got; `dataUpdatedAt` of a query. */
  readonly sinceMs: number;
  /** From what age on they are called old, ms. */
  readonly afterMs?: number;
}

export function StaleBadge({ sinceMs, afterMs = 30_000 }: Props) {
  const { i18n } = useLingui();
  const now = useNow();
  const age = now - sinceMs;
  if (sinceMs === 0 || age < afterMs) return null;
  const old = span(age / 1000, i18n.locale);
  return (
    <span className={classes.state} data-tone="warn" role="status">
      <IconClockExclamation size={14} aria-hidden />
      <Trans>{old} old</Trans>
    </span>
  );
}
