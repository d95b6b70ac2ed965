/** German: the texts, and those of Media Chrome's buttons. */

import 'media-chrome/dist/lang/de.js';

export { default } from './de.json';
