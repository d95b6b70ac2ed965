/** A list of chapters, and what an editor does with it. Pure. */

export interface Chapter {
  readonly start_ms: number;
  readonly title: string;
}

export type Chapters = readonly Chapter[];

/** What the server takes. */
export const CHAPTERS_MAX = 200;
export const NAME_MAX = 200;

const inOrder = (chapters: Chapters) => chapters.toSorted((a, b) => a.start_ms - b.start_ms);

/** A new chapter here; none when there is one already, or no room. */
export function addChapter(chapters: Chapters, startMs: number, title: string): Chapters | null {
  const start_ms = Math.max(0, Math.round(startMs));
  if (chapters.length >= CHAPTERS_MAX || chapters.some((chapter) => chapter.start_ms === start_ms)) return null;
  return inOrder([...chapters, { start_ms, title }]);
}

export function editChapter(chapters: Chapters, at: number, change: Partial<Chapter>): Chapters {
  const old = chapters[at];
  return old ? inOrder(chapters.with(at, { ...old, ...change })) : chapters;
}

export function removeChapter(chapters: Chapters, at: number): Chapters {
  return chapters.toSpliced(at, 1);
}

export type ChapterFault = 'no_name' | 'same_time' | 'beyond_end';

/** The faults of each chapter that has one. */
export function chapterFaults(chapters: Chapters, durationMs: number): Map<number, ChapterFault> {
  const found = new Map<number, ChapterFault>();
  chapters.forEach(({ start_ms: ms, title }, at) => {
    if (title.trim() === '') found.set(at, 'no_name');
    else if (chapters[at - 1]?.start_ms === ms) found.set(at, 'same_time');
    else if (durationMs > 0 && ms >= durationMs) found.set(at, 'beyond_end');
  });
  return found;
}
