/** What the player needs once it plays, in one file that is loaded beside the first requests. */

export { Captions } from './captions';
export { Handoff } from './handoff';
export { Notice } from './offer';
export { Settings } from './settings';
export { Stats } from './stats';
export { savesData } from './wishes';
