/** Which rows Home has, and what is in them. Pure. */

import type { Title } from '~/api/titles';

/** A row has no fewer: a tag with one video is no shelf. */
const LEAST = 2;
/** Rows of tags at most. */
const TAGS_MAX = 6;
/** Videos of a row at most. */
export const ROW_MAX = 24;

/** The titles that can be shown to who watches: files and what failed have no place here. */
export function watchable(titles: readonly Title[]): Title[] {
  return titles.filter(({ kind, state }) => kind === 'video' && state !== 'failed');
}

/** The tags with the most of these titles, and their titles, in the order they came in. */
export function byTag(titles: readonly Title[]): { tag: string; titles: Title[] }[] {
  const shelves = new Map<string, Title[]>();
  for (const title of watchable(titles)) {
    for (const tag of title.tags ?? []) shelves.set(tag, [...(shelves.get(tag) ?? []), title]);
  }
  return [...shelves]
    .filter(([, within]) => within.length >= LEAST)
    .sort(([a, x], [b, y]) => y.length - x.length || a.localeCompare(b))
    .slice(0, TAGS_MAX)
    .map(([tag, within]) => ({ tag, titles: within.slice(0, ROW_MAX) }));
}

/** How much of a title was watched, 0 to 100. */
export function percentWatched(seconds: number | null | undefined, durationMs: number | null | undefined): number {
  if (!seconds || !durationMs) return 0;
  return Math.min(100, Math.round((seconds * 100_000) / durationMs));
}

/** The address of a title, or of a moment of it. */
export function watchAddress(id: string, seconds?: number | null): string {
  return seconds ? `/watch/${id}?at=${Math.floor(seconds)}` : `/watch/${id}`;
}
