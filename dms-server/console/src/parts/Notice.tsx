/** A sentence that matters now, with a mark of its kind that is not colour alone. */

import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './Notice.module.css';

export type NoticeKind = 'ok' | 'info' | 'warn' | 'bad';

const ICONS = { ok: IconCircleCheck, info: IconInfoCircle, warn: IconAlertTriangle, bad: IconCircleX };

interface Props {
  readonly kind: NoticeKind;
  readonly title?: string;
  readonly children?: ReactNode;
}

export function Notice({ kind, title, children }: Props) {
  const Icon = ICONS[kind];
  return (
    <div className={classes.notice} data-kind={kind} role={kind === 'bad' ? 'alert' : 'status'}>
      <Icon size={18} stroke={1.8} className={classes.icon} aria-hidden />
      <div className={classes.text}>
        {title && <strong>{title}</strong>}
        {children && <div>{children}</div>}
      </div>
    </div>
  );
}
