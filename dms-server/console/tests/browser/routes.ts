/** The pages that axe looks at. `{title}` stands for a published title. */

export const ROUTES: readonly string[] = [
  '/',
  '/library',
  '/library?view=grid',
  '/library?q=nothing-is-called-so',
  '/uploads',
  '/titles/{title}',
  '/titles/{title}?tab=renditions',
  '/titles/{title}?tab=policy',
  '/titles/{title}?tab=embed',
  '/titles/{title}?tab=activity',
  '/titles/00000000-0000-4000-8000-000000000000',
  '/audit',
  '/audit?actor=nobody-is-called-so',
  '/setup',
  '/no-such-page',
];

/** Those that show something of a server that has nothing yet. */
export const EMPTY: readonly string[] = ['/', '/library', '/uploads', '/audit?object=nothing'];

/** Those that ask for something, and have to say so when it is refused. */
export const FAILING: readonly string[] = ['/', '/library', '/uploads', '/titles/{title}', '/audit'];
