/** Measures start-up and stalls from the video element's events. */

import type { PlayReport } from '../play/report';

/** Starts measuring. Time up to the first picture is start-up; waiting after it is a stall. */
export function measure(video: HTMLVideoElement, report: PlayReport): void {
  let wishedAt: number | null = null;
  let stalledAt: number | null = null;
  const settle = () => {
    if (stalledAt !== null) report.stalledMs += performance.now() - stalledAt;
    stalledAt = null;
  };
  video.addEventListener('play', () => {
    wishedAt ??= performance.now();
  });
  video.addEventListener('playing', () => {
    settle();
    if (report.startupMs === null && wishedAt !== null) {
      report.startupMs = Math.round(performance.now() - wishedAt);
    }
  });
  video.addEventListener('waiting', () => {
    // Waiting after a seek is the seek's, and at the very end there is nothing to wait for.
    const atEnd = video.duration - video.currentTime < 0.25;
    if (report.startupMs === null || video.seeking || video.paused || atEnd) return;
    if (stalledAt === null) report.stalls += 1;
    stalledAt ??= performance.now();
  });
  for (const name of ['pause', 'ended', 'seeking', 'error']) video.addEventListener(name, settle);
}
