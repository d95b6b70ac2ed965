/** One upload as it is shown, and the decisions about uploads. Pure. */

/** Where an upload stands. `forgotten`: the server has a part of it, the browser no longer has the file. */
export type UploadState = 'waiting' | 'uploading' | 'paused' | 'offline' | 'done' | 'failed' | 'forgotten';

/** Who sees the title once it can be watched: everybody in the company, everybody from a moment on, or only its publisher. */
export type Audience = { readonly kind: 'everybody' } | { readonly kind: 'later'; readonly fromMs: number } | { readonly kind: 'me' };

export interface UploadItem {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly sent: number;
  /** Bytes per second; 0 until that means something. */
  readonly rate: number;
  readonly state: UploadState;
  readonly audience: Audience;
  /** The id of the profile to transcode it with; without one, the default. */
  readonly profile?: string | null;
  /** The title that it became. */
  readonly title: string | null;
  /** Why it failed: a code of the server, or one of ours. */
  readonly problem: { readonly code: string; readonly sentence: string | null } | null;
}

/** Uploads that run at the same time; more would only share the line. */
export const AT_ONCE = 2;

/** Files taken at a time; a folder dropped by mistake should not start thousands. */
export const FILES_MAX = 50;

/** Those that may start now. */
export function startable(items: readonly UploadItem[]): UploadItem[] {
  const running = items.filter(({ state }) => state === 'uploading').length;
  return items.filter(({ state }) => state === 'waiting').slice(0, Math.max(0, AT_ONCE - running));
}

/** `Q3_town-hall.mp4` -> `Q3 town-hall`. */
export function titleOf(filename: string): string {
  const name = filename.replace(/\.[^.]{1,5}$/, '').replaceAll('_', ' ').trim();
  return name || filename;
}

/** Seconds until everything is sent; null while nobody can tell. */
export function secondsLeft({ size, sent, rate, state }: UploadItem): number | null {
  return state === 'uploading' && rate > 0 ? (size - sent) / rate : null;
}

/** Percent sent, whole. */
export function percentOf({ size, sent, state }: UploadItem): number {
  if (state === 'done') return 100;
  return size === 0 ? 0 : Math.min(100, Math.floor((100 * sent) / size));
}

/** All that goes on, as one: how many run, and how far they are together. */
export function together(items: readonly UploadItem[]): { running: number; percent: number } {
  const open = items.filter(({ state }) => ['waiting', 'uploading', 'paused', 'offline'].includes(state));
  const size = open.reduce((sum, item) => sum + item.size, 0);
  const sent = open.reduce((sum, item) => sum + item.sent, 0);
  return { running: open.length, percent: size === 0 ? 0 : Math.floor((100 * sent) / size) };
}
