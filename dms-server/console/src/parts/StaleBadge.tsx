/** Says how old the numbers are, once they are older than they should be, and that nothing is told at once any more. */

import { Trans } from '@lingui/react/macro';
import { useLingui } from '@lingui/react';
import { IconClockExclamation } from '@tabler/icons-react';
import { useStanding } from '~/live';
import { span } from './format';
import { useNow } from './now';
import classes from './State.module.css';

interface Props {
  /** When the numbers were got; `dataUpdatedAt` of a query. */
  readonly sinceMs: number;
  /** From what age on they are called old, ms. */
  readonly afterMs?: number;
  /** The server tells what changes in them: they are as old as the last change only. */
  readonly followed?: boolean;
}

export function StaleBadge({ sinceMs, afterMs = 30_000, followed = false }: Props) {
  const { i18n } = useLingui();
  const standing = useStanding();
  const now = useNow();
  const age = now - sinceMs;
  const isOld = age >= afterMs && !(followed && standing === 'live');
  const isLost = followed && standing === 'lost';
  if (sinceMs === 0 || !(isOld || isLost)) return null;
  const old = span(Math.max(0, age) / 1000, i18n.locale);
  return (
    <span className={classes.state} data-tone="warn" role="status">
      <IconClockExclamation size={14} aria-hidden />
      {isOld ? <Trans>{old} old</Trans> : <Trans>Not live, asked again and again</Trans>}
    </span>
  );
}
