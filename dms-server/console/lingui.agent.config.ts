/** Where the texts of the agent's page are: apart from the console's, which the agent does not carry. */

import { defineConfig } from '@lingui/cli';
import { formatter } from '@lingui/format-po';

export default defineConfig({
  sourceLocale: 'en',
  locales: ['en', 'de', 'fr', 'es', 'ko'],
  format: formatter({ lineNumbers: false, origins: false }),
  orderBy: 'message',
  compileNamespace: 'es',
  catalogs: [
    {
      path: '<rootDir>/src/agent/locales/{locale}',
      // And the shared pieces that it uses which say something.
      include: ['<rootDir>/src/agent/', '<rootDir>/src/parts/Loading.tsx'],
    },
  ],
  catalogsMergePath: '<rootDir>/src/agent/compiled/{locale}',
});
