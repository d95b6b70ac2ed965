/** Captions as lines to read, to search and to jump to. Pure. */

/** A line of captions or a chapter. Seconds. */
export interface Line {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Lines of one file at most: nine hours of dense speech. */
export const MAX_LINES = 20_000;
const TIMING = /^((?:\d{1,4}:)?[0-5]?\d:[0-5]\d\.\d{3})\s+-->\s+((?:\d{1,4}:)?[0-5]?\d:[0-5]\d\.\d{3})(?:\s|$)/;
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', nbsp: '\u00a0', lrm: '\u200e', rlm: '\u200f' };

function seconds(text: string): number {
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** What somebody reads: without marks, with the characters that stand for themselves. */
function plain(text: string): string {
  const bare = text.replaceAll(/<[^>]*>/g, '');
  return bare.replaceAll(/&(\w{2,4});/g, (whole, name: string) => NAMED[name] ?? whole).trim();
}

/** The lines of a WebVTT file, in order; what is none is passed over. */
export function readLines(vtt: string): Line[] {
  const blocks = vtt.replaceAll('\r\n', '\n').split(/\n{2,}/);
  const found: Line[] = [];
  for (const block of blocks) {
    if (found.length >= MAX_LINES) break;
    const rows = block.split('\n');
    const at = rows.findIndex((row) => TIMING.test(row));
    const [, start = '', end = ''] = TIMING.exec(rows[at] ?? '') ?? [];
    const text = plain(rows.slice(at + 1).join(' '));
    if (at < 0 || text === '') continue;
    found.push({ start: seconds(start), end: seconds(end), text });
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The index of the line at `at`: the last that has begun; -1 before the first. */
export function lineAt(lines: readonly Line[], at: number): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.start ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Text as it is compared: without case and accents. */
function folded(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
}

/** The indices of the lines that hold every word of `query`; all of them without one. */
export function matching(lines: readonly Line[], query: string): number[] {
  const words = folded(query).split(/\s+/).filter((word) => word !== '');
  return lines.flatMap(({ text }, index) => {
    const within = folded(text);
    return words.every((word) => within.includes(word)) ? [index] : [];
  });
}

/** From this far into a chapter `p` goes to its own beginning, seconds. */
const AGAIN_S = 3;

/** Where `p` or `n` leads from `at`; null: nowhere. */
export function chapterFrom(chapters: readonly Line[], at: number, by: 1 | -1): Line | null {
  const now = lineAt(chapters, at);
  if (by > 0) return chapters[now + 1] ?? null;
  const current = chapters[now];
  if (!current) return null;
  return at - current.start > AGAIN_S ? current : (chapters[now - 1] ?? current);
}

/** The language to show: the one chosen before, its base, or the first of the person's languages that is there. */
export function preferred(
  there: readonly string[],
  chosen: string | null,
  languages: readonly string[],
): string | null {
  const base = (tag: string) => tag.toLowerCase().split('-')[0];
  for (const wanted of chosen === null ? languages : [chosen, ...languages]) {
    const exact = there.find((tag) => tag.toLowerCase() === wanted.toLowerCase());
    const near = exact ?? there.find((tag) => base(tag) === base(wanted));
    if (near !== undefined) return near;
  }
  return there[0] ?? null;
}
