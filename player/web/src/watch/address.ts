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

/** Reads `/watch/{title}?agent=&at=&debug=hashes&portal=`. An agent that is not loopback is ignored. */
export function readAddress(url: URL): WatchAddress {
  const name = /^\/watch\/([^/]+)\/?$/.exec(url.pathname)?.[1] ?? '';
  const at = Number(url.searchParams.get('at') ?? Number.NaN);
  return {
    title: fromUuid(name.toLowerCase()) ? name.toLowerCase() : null,
    agent: agentOrigin(url.searchParams.get('agent') ?? '') ?? DEFAULT_AGENT,
    at: Number.isFinite(at) && at >= 0 ? at : null,
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
