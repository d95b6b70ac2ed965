/** Tells the server from where a view gets its video and how smoothly it plays: sums, and nothing of who watches. */

import { ask, home } from '../net/home';
import { type SourceBytes, noBytes } from '../net/sources';
import type { PlayReport } from './report';
import type { PathChange, Route } from './route';

/** How often it is told, ms. */
const EVERY_MS = 20_000;
/** The first time sooner, ms: short views count, too. */
const FIRST_MS = 5_000;
/** A step of the play position longer than this was a seek, s. */
const LONGEST_STEP_S = 2;

/** The path of a view, as the server calls it. */
export type ViewPath = 'agent' | 'agent_page' | 'asked' | 'origin';

/** What a view has come to so far. */
export interface Standing {
  readonly bytes: Readonly<SourceBytes>;
  readonly playedMs: number;
  readonly stalledMs: number;
}

/** The body of a report. */
export interface DeliveryReport {
  readonly title: string;
  readonly began: boolean;
  readonly path: ViewPath;
  readonly reason: string;
  readonly origin_bytes: number;
  readonly office_bytes: number;
  readonly nearby_bytes: number;
  readonly played_ms: number;
  readonly stalled_ms: number;
}

/** The path that a view takes after these changes. `agentPage`: the agent served the page. */
export function viewPath(log: readonly PathChange[], agentPage: boolean): ViewPath {
  const last = log.at(-1);
  if (last === undefined || last.to === 'origin') return 'origin';
  if (agentPage) return 'agent_page';
  return log.some(({ reason }) => reason === 'ask_first') ? 'asked' : 'agent';
}

const NOTHING: Standing = { bytes: noBytes(), playedMs: 0, stalledMs: 0 };

/** The report of what came since `before`; null when that is nothing. */
export function reportOf(
  title: string,
  log: readonly PathChange[],
  agentPage: boolean,
  before: Standing | null,
  now: Standing,
): DeliveryReport | null {
  const last = log.at(-1);
  const old = before ?? NOTHING;
  const gained = (name: keyof SourceBytes) => now.bytes[name] - old.bytes[name];
  const nearby = gained('cache') + gained('peer');
  const played = Math.round(now.playedMs - old.playedMs);
  const stalled = Math.round(now.stalledMs - old.stalledMs);
  const all = nearby + gained('edge') + gained('origin') + played + stalled;
  if (last === undefined || all <= 0) return null;
  return {
    title,
    began: before === null,
    path: viewPath(log, agentPage),
    reason: last.reason,
    origin_bytes: gained('origin'),
    office_bytes: gained('edge'),
    nearby_bytes: nearby,
    played_ms: played,
    stalled_ms: stalled,
  };
}

/** Whether the page stands in a frame of the console: who edits or checks a video does not watch it. */
function isPreview(): boolean {
  try {
    return window.parent !== window && window.parent.location.pathname.startsWith('/console');
  } catch {
    // A page of another origin around this one says nothing of itself.
    return false;
  }
}

/** Tells again and again until the page is left. */
export function tellDelivery(title: string, video: HTMLVideoElement, report: PlayReport, route: Route): void {
  if (isPreview()) return;
  let told: Standing | null = null;
  let playedMs = 0;
  let position = 0;
  video.addEventListener('timeupdate', () => {
    const step = video.currentTime - position;
    position = video.currentTime;
    if (step > 0 && step < LONGEST_STEP_S && !video.seeking) playedMs += step * 1000;
  });
  const tell = (leaving: boolean) => {
    // A view begins with its first picture; what is only fetched ahead may never be watched.
    if (playedMs === 0) return;
    const now: Standing = { bytes: { ...report.bytes }, playedMs, stalledMs: report.stalledMs };
    const body = reportOf(title, route.log, home.agent !== null, told, now);
    if (!body) return;
    told = now;
    const headers = { 'content-type': 'application/json' };
    // What is lost with the network is lost: the numbers are for a picture, not for a bill.
    void ask('/api/v1/delivery', {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      keepalive: leaving,
    }).catch(() => undefined);
  };
  setTimeout(() => tell(false), FIRST_MS);
  setInterval(() => tell(false), EVERY_MS);
  addEventListener('pagehide', () => tell(true));
}
