/** The seconds until a moment. */

import { useEffect, useState } from 'react';

/** Counts down to 0, each second. */
export function useSecondsUntil(atMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [atMs]);
  return Math.max(0, Math.ceil((atMs - now) / 1_000));
}
