/** The cues: however many there are, only those in view are in the page. */

import { useLingui } from '@lingui/react/macro';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useImperativeHandle, useRef, type Ref } from 'react';
import type { Cues, Fault } from './cues';
import classes from './Captions.module.css';
import { type Act, CueRow } from './CueRow';

const ROW_HEIGHT = 92;
const OVERSCAN = 4;

/** What others ask of the list. */
export interface ListHandle {
  /** Shows a cue, with the cursor in its text. */
  readonly show: (at: number) => void;
}

interface Props {
  readonly cues: Cues;
  readonly faults: ReadonlyMap<number, Fault>;
  /** The cue that the player shows; -1: none. */
  readonly shown: number;
  readonly hasTime: boolean;
  readonly follow: boolean;
  /** Somebody scrolls by hand: they look for something else than what is played. */
  readonly unfollow: () => void;
  readonly act: (at: number, act: Act) => void;
  readonly handle: Ref<ListHandle>;
}

export function CueList({ cues, faults, shown, hasTime, follow, unfollow, act, handle }: Props) {
  const { t } = useLingui();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: cues.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (at) => cues[at]?.key ?? at,
    overscan: OVERSCAN,
  });
  useImperativeHandle(handle, () => ({
    show: (at) => {
      virtual.scrollToIndex(at, { align: 'center' });
      requestAnimationFrame(() =>
        requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-cue="${at}"] textarea`)?.focus()),
      );
    },
  }));
  useEffect(() => {
    // Who writes is not pulled away from what they write.
    if (follow && shown >= 0 && !box.current?.contains(document.activeElement)) {
      virtual.scrollToIndex(shown, { align: 'center' });
    }
  }, [follow, shown, virtual]);
  return (
    <div
      ref={box}
      className={classes.list}
      role="region"
      aria-label={t`Captions`}
      tabIndex={0}
      onWheel={unfollow}
      onTouchMove={unfollow}
    >
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ key, index, start }) => {
          const cue = cues[index];
          return (
            cue && (
              <div key={key} className={classes.place} style={{ transform: `translateY(${start}px)` }}>
                <CueRow
                  cue={cue}
                  at={index}
                  isLast={index === cues.length - 1}
                  isShown={index === shown}
                  fault={faults.get(index)}
                  hasTime={hasTime}
                  act={act}
                />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}
