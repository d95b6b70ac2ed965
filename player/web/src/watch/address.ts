/** What the page's address asks for. */

import { DEFAULT_AGENT, agentOrigin } from '../net/agent';
import { fromUuid } from '../secure/bytes';

/** The address, read. */
export interface WatchAddress {
  /** Lower-case UUID; null when the address names no title. */
  readonly title: string | null;
  readonly agent: string;
  /** Where to start, seconds; null when the address does not say. */
  readonly at: number | null;
  readonly hashes: boolean;
  /** `portal` parameter: `public` makes the page treat itself as one of a wider network. */
  readonly portal: string | null;
}

/** A place in a video: `93`, `93.5`, `1m33s` or `1:02:33`; null when it is none. */
export function seconds(text: string): number | null {
  if (/^\d{1,7}(?:\.\d{1,3})?$/.test(text)) return Number(text);
  const clock = /^(?:(\d{1,3}):)?(\d{1,3}):([0-5]?\d)$/.exec(text);
  const said = /^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s)?$/.exec(text);
  const parts = clock ?? (text === '' ? null : said);
  if (!parts) return null;
  const [, hours = '0', minutes = '0', rest = '0'] = parts;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

/**
 * Reads `/watch/{title}?agent=&t=&debug=hashes&portal=`, `/embed/{title}` alike; `at` means `t`. An agent that is not
 * loopback is ignored.
 */
export function readAddress(url: URL): WatchAddress {
  const name = /^\/(?:watch|embed)\/([^/]+)\/?$/.exec(url.pathname)?.[1] ?? '';
  const at = seconds(url.searchParams.get('t') ?? url.searchParams.get('at') ?? '');
  return {
    title: fromUuid(name.toLowerCase()) ? name.toLowerCase() : null,
    agent: agentOrigin(url.searchParams.get('agent') ?? '') ?? DEFAULT_AGENT,
    at,
    hashes: url.searchParams.get('debug') === 'hashes',
    portal: url.searchParams.get('portal'),
  };
}

const SAVE_EVERY_MS = 5_000;
const NOT_WORTH_S = 10;

/** Remembers in this browser where `video` is, and gives the place of the last visit. */
export function rememberPlace(title: string, video: HTMLVideoElement): number {
  const key = `dms.at.${title}`;
  let saved = 0;
  let savedAt = 0;
  try {
    saved = Number(localStorage.getItem(key) ?? 0);
  } catch {
    return 0;
  }
  video.addEventListener('timeupdate', () => {
    if (performance.now() - savedAt < SAVE_EVERY_MS) return;
    savedAt = performance.now();
    const { currentTime, duration } = video;
    const worth = currentTime > NOT_WORTH_S && duration - currentTime > NOT_WORTH_S;
    if (worth) localStorage.setItem(key, currentTime.toFixed(1));
    else localStorage.removeItem(key);
  });
  video.addEventListener('ended', () => localStorage.removeItem(key));
  return Number.isFinite(saved) && saved > 0 ? saved : 0;
}
