/** The watch page in a frame, as far as an editor needs it: what time it is there, and going to another. */

import { type RefObject, useCallback, useEffect, useState } from 'react';

/** How often the time is looked at, ms; a caption is shown for longer. */
const LOOK_MS = 200;

/** The frame's video; it is of this origin. null while there is none. */
function videoIn(frame: HTMLIFrameElement | null): HTMLVideoElement | null {
  return frame?.contentDocument?.querySelector('video') ?? null;
}

export interface Player {
  /** What time it is there, ms; null while nothing is loaded. */
  readonly now: () => number | null;
  readonly seek: (ms: number) => void;
}

export function usePlayer(frame: RefObject<HTMLIFrameElement | null>): Player {
  const now = useCallback(() => {
    const video = videoIn(frame.current);
    return video && video.readyState > 0 ? Math.round(video.currentTime * 1000) : null;
  }, [frame]);
  const seek = useCallback(
    (ms: number) => {
      const video = videoIn(frame.current);
      if (video) video.currentTime = ms / 1000;
    },
    [frame],
  );
  return { now, seek };
}

/** The player's time, drawn anew while it changes. */
export function usePlayerTime({ now }: Player): number | null {
  const [ms, setMs] = useState<number | null>(null);
  useEffect(() => {
    const timer = setInterval(() => setMs(now()), LOOK_MS);
    return () => clearInterval(timer);
  }, [now]);
  return ms;
}
