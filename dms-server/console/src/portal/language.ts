/** The language of the portal: the console's choice, from catalogues that have less. */

import { CONSOLE_LANGUAGE } from '~/i18n/languages';
import { type Compiled, spokenFrom } from '~/i18n/spoken';

export const { choose, startLanguage } = spokenFrom(import.meta.glob<Compiled>('./compiled/*.mjs'), CONSOLE_LANGUAGE);
