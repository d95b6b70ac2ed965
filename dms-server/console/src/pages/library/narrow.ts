/** What of the library is asked for: the server finds words and states, and what it has no name for is left out here. */

import { isBusy, type Title } from '~/api/titles';

const STATES = ['complete', 'busy', 'failed'] as const;

/** Whether it narrows at all. */
export function isState(state: string): state is (typeof STATES)[number] {
  return (STATES as readonly string[]).includes(state);
}

/** The parameters of the list. Several states that are "being prepared" are one here and not at the server. */
export function parametersFor(query: string, state: string): { matching?: string; state?: 'complete' | 'failed' } {
  const words = query.trim();
  return { ...(words && { matching: words }), ...((state === 'complete' || state === 'failed') && { state }) };
}

/** What is left of a page. */
export function narrowed(titles: readonly Title[], state: string, deleting: ReadonlySet<string>): Title[] {
  return titles.filter((title) => !deleting.has(title.id) && (state !== 'busy' || isBusy(title)));
}
