/** Signing out. */

import { api, ask } from '~/api/client';

/** Ends the session; the page starts anew, so that nothing of it stays in memory. */
export async function signOut(): Promise<void> {
  await ask(api.DELETE('/session'));
  location.assign(location.pathname.startsWith('/console') ? '/console/' : '/');
}
