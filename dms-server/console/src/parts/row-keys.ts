/** Where a key leads from a row of a list. */

/** Rows that a page of keys steps over. */
const PAGE = 10;

/** The row after `key` on row `index` of `count`; null when the key does not move. */
export function stepFor(key: string, index: number, count: number): number | null {
  const last = count - 1;
  const to = (next: number) => Math.min(Math.max(0, next), last);
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return to(index + 1);
    case 'ArrowUp':
    case 'k':
      return to(index - 1);
    case 'PageDown':
      return to(index + PAGE);
    case 'PageUp':
      return to(index - PAGE);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}
