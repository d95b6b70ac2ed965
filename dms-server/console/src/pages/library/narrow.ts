/** Which titles a search and a state leave. Pure. */

import { isBusy, type Title } from '~/api/titles';

const STATES = ['complete', 'busy', 'failed'] as const;

/** Whether it narrows at all. */
export function isState(state: string): state is (typeof STATES)[number] {
  return (STATES as readonly string[]).includes(state);
}

/** Without accents and case, as people type. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{Mn}/gu, '').toLocaleLowerCase();
}

/** The titles whose name has every word, in that state. */
export function narrowed(titles: readonly Title[], query: string, state: string): Title[] {
  const words = plain(query).split(/\s+/).filter(Boolean);
  return titles.filter((title) => {
    if (isState(state) && (state === 'busy' ? !isBusy(title) : title.state !== state)) return false;
    const name = plain(title.title);
    return words.every((word) => name.includes(word));
  });
}
