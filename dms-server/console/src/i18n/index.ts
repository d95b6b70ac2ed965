/** The language of the console. */

import { CONSOLE_LANGUAGE } from './languages';
import { type Compiled, spokenFrom } from './spoken';

export { LANGUAGES, type Language, preferred } from './languages';

export const { choose, startLanguage } = spokenFrom(import.meta.glob<Compiled>('./compiled/*.mjs'), CONSOLE_LANGUAGE);
