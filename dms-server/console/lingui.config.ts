/** Where the texts are. Every area of pages has catalogues of its own, so that areas are worked on apart. */

import { defineConfig } from '@lingui/cli';
import { formatter } from '@lingui/format-po';

/** The texts outside of the areas; the portal uses some of them, too. */
export const SHARED = {
  path: '<rootDir>/src/i18n/locales/{locale}',
  include: ['<rootDir>/src'],
  exclude: ['**/pages/**', '**/agent/**', '**/portal/**'],
};

export default defineConfig({
  sourceLocale: 'en',
  locales: ['en', 'de', 'fr', 'es', 'ko'],
  format: formatter({ lineNumbers: false, origins: false }),
  orderBy: 'message',
  compileNamespace: 'es',
  catalogs: [
    {
      path: '<rootDir>/src/pages/{name}/locales/{locale}',
      include: ['<rootDir>/src/pages/{name}/'],
    },
    SHARED,
  ],
  catalogsMergePath: '<rootDir>/src/i18n/compiled/{locale}',
});
