/** What both pages say about a title that is not ready yet. */

import { type Texts, number, t } from '../i18n/text';
import type { Title } from '../net/api';
import { h, progressBar } from './dom';
import { estimate } from './format';

const STEPS = {
  uploading: 'Being uploaded',
  queued: 'Waiting for its turn',
  probing: 'Looking at the file',
  transcoding: 'Being prepared for every screen',
  sealing: 'Being encrypted and signed',
  complete: 'Ready',
  failed: 'Failed',
} satisfies Texts & Record<Title['state'], string>;

/** The step a title is at, in words. */
export function stepText(title: Title): string {
  return t(STEPS[title.state]);
}

/** Progress and estimate in words: `42 %, about 2 min left`. Empty while nothing is known. */
export function progressText(title: Title): string {
  const parts: string[] = [];
  if (title.progress !== null) parts.push(number(Math.floor(title.progress) / 100, 0, { style: 'percent' }));
  if (title.etaSeconds !== null) parts.push(t('{estimate} left', { estimate: estimate(title.etaSeconds) }));
  return parts.join(', ');
}

/** The card over the picture's place. */
export function preparingCard(title: Title): HTMLElement {
  return h(
    'div',
    { class: 'card card--preparing' },
    h('h2', {}, stepText(title)),
    h('p', {}, t('The video starts here by itself as soon as it is ready.')),
    progressBar(t('Preparation'), title.progress),
    h('p', { class: 'card__code' }, progressText(title) || t('The estimate follows in a moment.')),
  );
}
