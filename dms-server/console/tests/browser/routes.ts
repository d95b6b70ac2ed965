/** The pages that axe looks at. `{title}` stands for a published title. */

/** Looked at with a title, a site, a person and a campaign. */
export const ROUTES: readonly string[] = [
  '/',
  '/library',
  '/library?view=grid',
  '/library?q=nothing-is-called-so',
  '/uploads',
  '/titles/{title}',
  '/titles/{title}?tab=renditions',
  '/titles/{title}?tab=captions',
  '/titles/{title}?tab=captions&lang=en',
  '/titles/{title}?tab=breaks',
  '/titles/{title}?tab=policy',
  '/titles/{title}?tab=delivery',
  '/titles/{title}?tab=embed',
  '/titles/{title}?tab=activity',
  '/titles/00000000-0000-4000-8000-000000000000',
  '/network',
  '/network?site=new',
  '/network?q=nothing-is-called-so',
  '/network?tab=peers',
  '/network?tab=changes',
  '/network?tab=flows',
  '/network/import',
  '/rollout',
  '/campaigns',
  '/campaigns?add=yes',
  '/campaigns/00000000-0000-4000-8000-000000000000',
  '/people',
  '/people?person=new',
  '/people?tab=groups',
  '/people?tab=groups&group=new',
  '/settings',
  '/settings?webhook=new',
  '/settings?tab=tokens',
  '/settings?tab=keys',
  '/settings?tab=storage',
  '/settings?tab=transcode',
  '/settings?tab=transcode&profile=new',
  '/settings?tab=branding',
  '/settings?tab=backup',
  '/settings?tab=identity',
  '/settings?tab=portal',
  '/settings?tab=look',
  '/requests',
  '/audit',
  '/audit?actor=nobody-is-called-so',
  '/setup',
  '/no-such-page',
];

/** Those that show something of a server that has nothing yet. */
export const EMPTY: readonly string[] = [
  '/',
  '/library',
  '/uploads',
  '/requests',
  '/audit?object=nothing',
  '/network',
  '/network?tab=peers',
  '/network?tab=changes',
  '/network?tab=flows',
  '/rollout',
  '/campaigns',
  '/people',
  '/people?tab=groups',
  '/settings',
  '/settings?tab=tokens',
  '/settings?tab=storage',
];

/** Those that ask for something, and have to say so when it is refused. */
export const FAILING: readonly string[] = [
  '/',
  '/library',
  '/uploads',
  '/titles/{title}',
  '/audit',
  '/network',
  '/network?tab=peers',
  '/network?tab=changes',
  '/rollout',
  '/campaigns',
  '/people',
  '/people?tab=groups',
  '/settings',
  '/settings?tab=tokens',
  '/settings?tab=keys',
  '/settings?tab=storage',
  '/settings?tab=transcode',
  '/settings?tab=branding',
  '/settings?tab=backup',
  '/settings?tab=identity',
  '/settings?tab=portal',
  '/requests',
];

/** The portal's, looked at as somebody who watches: they began, saved and asked for a title. */
export const PORTAL: readonly string[] = ['/', '/all', '/all?tag=company', '/search?q=hands', '/search?q=xyzzy', '/my', '/settings', '/device'];

/** Those of the portal that show something of a server that has nothing yet. */
export const PORTAL_EMPTY: readonly string[] = ['/', '/all', '/search', '/my', '/device'];

/** Those of the portal that ask for something. */
export const PORTAL_FAILING: readonly string[] = ['/', '/all', '/search?q=hands', '/my'];
