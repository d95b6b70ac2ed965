/** What somebody asked for in this browser. The server does not say that a request waits: it would tell that the video is there. */

/** The watch page writes this and a title's id, with the moment in milliseconds as its value. */
const KEY = 'dms.asked.';
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A request that waits, as far as this browser knows. */
export interface Waiting {
  readonly title: string;
  readonly askedMs: number;
}

/** An answer, as the server lists it. */
interface Answered {
  readonly title: string;
  readonly answered_ms?: number | null;
}

/** What was remembered and not answered since, the newest first. What is no note of a request is passed over. */
export function waiting(remembered: Iterable<readonly [string, string]>, answers: readonly Answered[]): Waiting[] {
  const found: Waiting[] = [];
  for (const [key, value] of remembered) {
    const title = key.startsWith(KEY) ? key.slice(KEY.length) : '';
    const askedMs = Number(value);
    if (!ID.test(title) || value === '' || !Number.isSafeInteger(askedMs) || askedMs < 0) continue;
    const over = answers.some((one) => one.title === title && (one.answered_ms ?? Number.POSITIVE_INFINITY) >= askedMs);
    if (!over) found.push({ title, askedMs });
  }
  return found.sort((a, b) => b.askedMs - a.askedMs);
}

/** What this browser remembers; nothing where it may not. */
export function remembered(): [string, string][] {
  try {
    return Object.entries(localStorage) as [string, string][];
  } catch {
    return [];
  }
}
