/** Spanish: the texts, and those of Media Chrome's buttons. */

import 'media-chrome/dist/lang/es.js';

export { default } from './es.json';
