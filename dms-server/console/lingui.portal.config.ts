/** Where the texts of the portal are: its own, and those of the pieces that it shares with the console. */

import { defineConfig } from '@lingui/cli';
import { formatter } from '@lingui/format-po';
import { SHARED } from './lingui.config.ts';

export default defineConfig({
  sourceLocale: 'en',
  locales: ['en', 'de', 'fr', 'es', 'ko'],
  format: formatter({ lineNumbers: false, origins: false }),
  orderBy: 'message',
  compileNamespace: 'es',
  catalogs: [{ path: '<rootDir>/src/portal/locales/{locale}', include: ['<rootDir>/src/portal/'] }, SHARED],
  catalogsMergePath: '<rootDir>/src/portal/compiled/{locale}',
});
