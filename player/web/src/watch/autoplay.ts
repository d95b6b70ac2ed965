/** Whether the next video begins by itself. */

import { wish } from './wishes';

/** As chosen, else unless motion is to be spared. */
export function autoplays(chosen: string | null, sparesMotion: boolean): boolean {
  return chosen === null ? !sparesMotion : chosen === 'on';
}

/** Whether it does in this browser. */
export function autoplayOn(): boolean {
  return autoplays(wish('autoplay'), matchMedia('(prefers-reduced-motion: reduce)').matches);
}
