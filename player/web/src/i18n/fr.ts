/** French: the texts, and those of Media Chrome's buttons. */

import 'media-chrome/dist/lang/fr.js';

export { default } from './fr.json';
