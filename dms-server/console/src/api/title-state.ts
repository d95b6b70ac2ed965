/** What a title is to the console, and whether it is still being prepared. Pure. */

import type { Schema } from './client';

export type Title = Schema<'Title'>;
export type TitleState = Schema<'TitleState'>;

/** Whether a title is still being prepared. */
export function isBusy({ state }: Pick<Title, 'state'>): boolean {
  return state !== 'complete' && state !== 'failed';
}
