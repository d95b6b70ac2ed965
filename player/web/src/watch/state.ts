/** `window.dmsPlayer`: what the page did, readable by tests and by a help desk, changeable by nobody. */

import type { BreakReport } from '../breaks/breaks';
import type { SourceBytes } from '../net/sources';
import { totalBytes } from '../net/sources';
import type { Permission } from '../net/path';
import type { KeyRing } from '../play/keyring';
import { type Playback, type Quality, bufferedAhead } from '../play/playback';
import type { PlayReport, ReportedError } from '../play/report';
import type { PathChange, PathName, Route } from '../play/route';

/** What the page is doing. */
export type Phase = 'loading' | 'signed_out' | 'preparing' | 'failed' | 'ready' | 'ended' | 'error';

/** The report, as JSON. Times in ms or, as media times, in seconds. */
export interface PlayerState {
  readonly phase: Phase;
  /** The video was played to its end. */
  readonly ended: boolean;
  readonly title: string;
  readonly version: number | null;
  /** Where segments are asked for now. */
  readonly path: PathName;
  readonly route: {
    readonly reason: string | null;
    readonly permission: Permission;
    readonly agent: string | null;
    readonly offered: boolean;
    readonly log: readonly PathChange[];
  };
  readonly bytes: SourceBytes & { readonly total: number };
  readonly frames: { readonly decoded: number; readonly dropped: number };
  readonly levels: readonly Quality[];
  readonly level: Quality | null;
  readonly segments: number;
  readonly startupMs: number | null;
  readonly stalls: number;
  readonly stalledMs: number;
  readonly currentTime: number;
  readonly duration: number | null;
  readonly bufferedAhead: number;
  readonly paused: boolean;
  /** What became of the breaks. */
  readonly breaks: readonly BreakReport[];
  readonly errors: readonly ReportedError[];
  /** `{track}/{segment}` -> SHA-256 of what was opened; filled when the address has `debug=hashes`. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** Where the report comes from. */
export interface StateSources {
  readonly title: string;
  readonly video: HTMLVideoElement;
  readonly route: Route;
  readonly report: PlayReport;
  readonly keys: KeyRing;
  readonly playback: Playback;
  phase(): Phase;
  permission(): Permission;
  offered(): boolean;
  breaks(): readonly BreakReport[];
}

/** The report as it stands now. */
export function readState(of: StateSources): PlayerState {
  const { video, route, report, keys, playback } = of;
  const quality = video.getVideoPlaybackQuality();
  return {
    phase: of.phase(),
    ended: of.phase() === 'ended',
    title: of.title,
    version: keys.current?.version ?? null,
    path: route.current,
    route: {
      reason: route.log.at(-1)?.reason ?? null,
      permission: of.permission(),
      agent: route.agent?.origin ?? null,
      offered: of.offered(),
      log: [...route.log],
    },
    bytes: { ...report.bytes, total: totalBytes(report.bytes) },
    frames: { decoded: quality.totalVideoFrames, dropped: quality.droppedVideoFrames },
    levels: playback.qualities,
    level: playback.quality,
    segments: report.segments,
    startupMs: report.startupMs,
    stalls: report.stalls,
    stalledMs: Math.round(report.stalledMs),
    currentTime: video.currentTime,
    duration: Number.isFinite(video.duration) ? video.duration : null,
    bufferedAhead: bufferedAhead(video),
    paused: video.paused,
    breaks: of.breaks(),
    errors: [...report.errors],
    hashes: Object.fromEntries(report.hashes),
  };
}

/** Puts the report on `window.dmsPlayer`: one getter for each field, and `toJSON`. */
export function exposeState(of: StateSources): void {
  const player = {};
  for (const name of Object.keys(readState(of)) as (keyof PlayerState)[]) {
    Object.defineProperty(player, name, { enumerable: true, get: () => readState(of)[name] });
  }
  Object.defineProperty(player, 'toJSON', { value: () => readState(of) });
  Object.defineProperty(window, 'dmsPlayer', { value: Object.freeze(player), enumerable: true });
}
