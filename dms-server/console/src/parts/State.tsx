/** A state in a word, with a dot of its tone. */

import type { ReactNode } from 'react';
import classes from './State.module.css';

export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'quiet';

export function State({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={classes.state} data-tone={tone}>
      <span className={classes.dot} aria-hidden />
      {children}
    </span>
  );
}
