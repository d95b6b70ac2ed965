/** Where the breaks are, on the bar that the content is sought with. */

import { h } from '../ui/dom';
import type { Break } from './ranges';

/** Draws the breaks in the middle anew. */
export function drawMarks(
  player: HTMLElement,
  duration: number,
  breaks: readonly Break[],
  played: ReadonlySet<number>,
): void {
  const bar = player.querySelector('.player__seek');
  if (!bar) return;
  bar.querySelector('.ad-marks')?.remove();
  const middle = breaks.filter(({ cue, at }) => cue === 'mid' && at < duration);
  if (!Number.isFinite(duration) || middle.length === 0) return;
  const marks = middle.map(({ id, at }) => {
    const mark = h('i', { 'data-break': id, 'data-played': played.has(id) });
    mark.style.left = `${(at / duration) * 100}%`;
    return mark;
  });
  bar.append(h('div', { class: 'ad-marks', 'aria-hidden': 'true' }, ...marks));
}
