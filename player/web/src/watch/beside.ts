/** What the player needs once it plays, in one file that is loaded beside the first requests. */

export { Captions } from './captions';
export { Handoff } from './handoff';
export { Notice } from './offer';
export { Settings } from './settings';
export { Stats } from './stats';
export { savesData } from './wishes';

// What was to be told of ads and was not, is told whatever is watched next.
if (leftToTell()) void import('../breaks/outbox').then(({ outbox }) => outbox());

function leftToTell(): boolean {
  try {
    return Object.keys(localStorage).some((key) => key.startsWith('dms.ad.'));
  } catch {
    return false;
  }
}
