/** The language of the agent's page: texts of its own, at an address of its own. */

import { type Compiled, spokenFrom } from '~/i18n/spoken';

export const { choose, startLanguage } = spokenFrom(import.meta.glob<Compiled>('./compiled/*.mjs'), 'dms.agent.language');
