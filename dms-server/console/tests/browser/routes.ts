/** The pages that axe looks at. `{title}` stands for a published title. */

export const ROUTES: readonly string[] = ['/', '/no-such-page'];
