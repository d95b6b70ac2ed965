/** What is placed and not saved yet. */

import { useState } from 'react';
import type { Edition } from './api';
import { addBreak, type Break, type Breaks, editBreak, edgeBreak, moveBreak, putBack, removeBreak, same } from './breaks';

export interface Editing {
  readonly breaks: Breaks;
  readonly etag: string | null;
  readonly changed: boolean;
  readonly chosen: number | null;
  readonly choose: (id: number | null) => void;
  readonly add: (ms: number) => void;
  readonly edit: (id: number, change: Partial<Break>) => void;
  readonly move: (id: number, ms: number) => void;
  /** Takes one away; what is answered puts it back. */
  readonly remove: (id: number) => () => void;
  readonly edge: (edge: 'pre' | 'post', wanted: boolean) => (() => void) | null;
  readonly saved: (edition: Edition) => void;
}

export function useEditing(read: Edition, durationMs: number): Editing {
  const [breaks, setBreaks] = useState<Breaks>(read.breaks);
  const [kept, setKept] = useState(read);
  const [chosen, choose] = useState<number | null>(null);
  // The number of a break that was removed stays its own: it may be put back.
  const [last, setLast] = useState(Math.max(0, ...read.breaks.map(({ id }) => id)));
  const add = (ms: number) => {
    const made = addBreak(breaks, ms, durationMs, last);
    if (made === null) return;
    setBreaks(made.breaks);
    setLast(made.id);
    choose(made.id);
  };
  const remove = (id: number) => {
    const removed = breaks.find((one) => one.id === id);
    setBreaks((old) => removeBreak(old, id));
    choose(null);
    return () => {
      if (removed) setBreaks((old) => putBack(old, removed));
    };
  };
  const edge = (which: 'pre' | 'post', wanted: boolean) => {
    const there = edgeBreak(breaks, which, durationMs);
    if (wanted && !there) add(which === 'pre' ? 0 : durationMs);
    return !wanted && there ? remove(there.id) : null;
  };
  return {
    breaks,
    etag: kept.etag,
    changed: !same(breaks, kept.breaks),
    chosen,
    choose,
    add,
    edit: (id, change) => setBreaks((old) => editBreak(old, id, change)),
    move: (id, ms) => setBreaks((old) => moveBreak(old, id, ms, durationMs)),
    remove,
    edge,
    saved: (edition) => {
      setKept(edition);
      setBreaks(edition.breaks);
      setLast((old) => Math.max(old, ...edition.breaks.map(({ id }) => id)));
    },
  };
}
