/** What the search and its field agree on. */

/** The longest query that the server takes, characters. */
export const QUERY_MAX = 200;

/** How long somebody pauses before what they typed is looked for, ms. */
export const SETTLE_MS = 200;

/** The result that an arrow leads to from the `at`th of `count`; null: another key, or no way on. -1 is the search field. */
export function resultFor(key: string, at: number, count: number): number | null {
  if (key === 'ArrowDown') return at + 1 < count ? at + 1 : null;
  if (key === 'ArrowUp') return at - 1;
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : null;
}
