/** What was before, so that an edit can be taken back. Pure. */

/** Most edits that can be taken back. */
export const STEPS_MAX = 100;

export interface History<Value> {
  readonly now: Value;
  readonly before: readonly Value[];
  readonly after: readonly Value[];
  /** What the last edit was about: the next one about the same replaces it, as letters of one text do. */
  readonly about: string | null;
}

export function begin<Value>(now: Value): History<Value> {
  return { now, before: [], after: [], about: null };
}

export function record<Value>(history: History<Value>, next: Value, about: string | null = null): History<Value> {
  if (next === history.now) return history;
  const same = about !== null && about === history.about;
  const before = same ? history.before : [...history.before, history.now].slice(-STEPS_MAX);
  return { now: next, before, after: [], about };
}

export function undo<Value>(history: History<Value>): History<Value> {
  const now = history.before.at(-1);
  if (now === undefined) return history;
  return { now, before: history.before.slice(0, -1), after: [history.now, ...history.after], about: null };
}

export function redo<Value>(history: History<Value>): History<Value> {
  const [now, ...after] = history.after;
  if (now === undefined) return history;
  return { now, before: [...history.before, history.now], after, about: null };
}
