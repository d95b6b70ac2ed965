/** The playing time as a line of pictures, and the breaks on it: added by a click, moved by the pointer or by keys. */

import { useLingui } from '@lingui/react/macro';
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useMemo, useRef } from 'react';
import { clock } from '~/parts/format';
import { stamp } from '../captions/stamp';
import classes from './Breaks.module.css';
import { type Breaks, movedBy, pointedAt, ratioOf } from './breaks';
import { type Sprite, strip } from './sprites';

/** How wide a picture is where none says so, px. */
const TILE_PX = 160;
/** Times below the line. */
const TIMES = 5;

interface Props {
  readonly title: string;
  readonly durationMs: number;
  readonly sprites: readonly Sprite[];
  readonly breaks: Breaks;
  /** The break that is chosen in the list, too. */
  readonly chosen: number | null;
  readonly choose: (id: number) => void;
  readonly add: (ms: number) => void;
  readonly move: (id: number, ms: number) => void;
  readonly remove: (id: number) => void;
  readonly playheadMs: number;
  readonly seek: (ms: number) => void;
}

export function Timeline(props: Props) {
  const { durationMs, breaks, playheadMs, add, seek } = props;
  const { t } = useLingui();
  const { ref: sized, width } = useElementSize<HTMLDivElement>();
  const line = useRef<HTMLDivElement>(null);
  const box = useMergedRef(sized, line);
  const at = (event: { clientX: number }) => {
    const { left = 0, width: wide = 0 } = line.current?.getBoundingClientRect() ?? {};
    return pointedAt(event.clientX, left, wide, durationMs);
  };
  // Where a break goes past another one its mark is put in another place of the page, and would lose the focus.
  const moved = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (moved.current === null) return;
    line.current?.querySelector<HTMLElement>(`[data-break="${moved.current}"]`)?.focus();
    moved.current = null;
  }, [breaks]);
  const times = Array.from({ length: TIMES }, (_, step) => (durationMs * step) / (TIMES - 1));
  return (
    <div className={classes.frame}>
      <div ref={box} className={classes.line} data-breaks-line onClick={(event) => add(at(event))}>
        <Strip {...props} width={width} />
        {breaks.map(({ id, at_ms: ms, resume_ms: resume }) =>
          resume > 0 ? <span key={`r${id}`} className={classes.replaced} style={stretch(ms, resume, durationMs)} aria-hidden /> : null,
        )}
        <Handle
          className={classes.playhead}
          label={t`Playhead`}
          ms={playheadMs}
          durationMs={durationMs}
          at={at}
          move={seek}
        />
        {breaks.map((one, index) => (
          <Mark key={one.id} {...props} id={one.id} ms={one.at_ms} number={index + 1} at={at} movedTo={(id) => (moved.current = id)} />
        ))}
      </div>
      <div className={classes.scale} aria-hidden>
        {times.map((ms) => (
          <span key={ms}>{clock(ms)}</span>
        ))}
      </div>
    </div>
  );
}

const place = (ms: number, durationMs: number) => ({ insetInlineStart: `${ratioOf(ms, durationMs) * 100}%` });

const stretch = (ms: number, length: number, durationMs: number) => ({
  ...place(ms, durationMs),
  width: `${ratioOf(length, durationMs) * 100}%`,
});

interface MarkProps extends Props {
  readonly id: number;
  readonly ms: number;
  readonly number: number;
  readonly at: (event: { clientX: number }) => number;
  readonly movedTo: (id: number) => void;
}

function Mark({ id, ms, number, durationMs, at, chosen, choose, move, remove, movedTo }: MarkProps) {
  const { t } = useLingui();
  return (
    <Handle
      className={classes.mark}
      label={t`Break ${number}`}
      id={id}
      chosen={chosen === id}
      ms={ms}
      durationMs={durationMs}
      at={at}
      choose={() => choose(id)}
      move={(to) => {
        movedTo(id);
        move(id, to);
      }}
      remove={() => remove(id)}
    >
      <span className={classes.flag} aria-hidden>
        {number}
      </span>
    </Handle>
  );
}

interface HandleProps {
  readonly className: string | undefined;
  readonly label: string;
  readonly id?: number;
  readonly chosen?: boolean;
  readonly ms: number;
  readonly durationMs: number;
  readonly at: (event: { clientX: number }) => number;
  readonly choose?: () => void;
  readonly move: (ms: number) => void;
  readonly remove?: () => void;
  readonly children?: React.ReactNode;
}

/** Something on the line that is moved. */
function Handle({ className, label, id, chosen = false, ms, durationMs, at, choose, move, remove, children }: HandleProps) {
  const pressed = (event: KeyboardEvent) => {
    if (remove && (event.key === 'Delete' || event.key === 'Backspace')) {
      event.preventDefault();
      remove();
      return;
    }
    if (event.altKey || event.metaKey) return;
    const to = movedBy(event, ms, durationMs);
    if (to === null) return;
    event.preventDefault();
    move(to);
  };
  const held = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    event.currentTarget.focus();
    choose?.();
  };
  const dragged = (event: PointerEvent<HTMLElement>) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) move(at(event));
  };
  return (
    <div
      role="slider"
      tabIndex={0}
      className={className}
      style={place(ms, durationMs)}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={durationMs}
      aria-valuenow={Math.min(ms, durationMs)}
      aria-valuetext={stamp(ms)}
      data-break={id}
      data-chosen={chosen || undefined}
      title={stamp(ms)}
      onClick={(event) => event.stopPropagation()}
      onFocus={choose}
      onKeyDown={pressed}
      onPointerDown={held}
      onPointerMove={dragged}
    >
      {children}
    </div>
  );
}

/** The pictures behind it. */
function Strip({ title, sprites, durationMs, width }: Pick<Props, 'title' | 'sprites' | 'durationMs'> & { width: number }) {
  const tile = sprites[0]?.width ?? TILE_PX;
  const count = Math.max(1, Math.round(width / tile));
  const tiles = useMemo(() => strip(sprites, count, durationMs), [sprites, count, durationMs]);
  const sheet = `url("/api/v1/titles/${title}/sprites.jpg")`;
  return (
    <div className={classes.strip} aria-hidden>
      {tiles.map(({ x, y, width: wide, height }, at) => (
        // Their order is all that they have.
        <span key={at} className={classes.tile}>
          <span style={{ width: wide, height, backgroundImage: sheet, backgroundPosition: `-${x}px -${y}px` }} />
        </span>
      ))}
    </div>
  );
}
