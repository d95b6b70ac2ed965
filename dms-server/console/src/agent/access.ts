/**
 * The page's bearer. It comes for the code in the link, which works once, and stays in this tab: no cookie, because
 * browsers send those to every port of 127.0.0.1, and not every port is this PC's user's.
 */

const KEPT = 'dms.agent.session';

let bearer: string | null = sessionStorage.getItem(KEPT);

/** The bearer; null when the page was not opened by its link. */
export function token(): string | null {
  return bearer;
}

/** The agent does not know the bearer any more. */
export function signedOut(): void {
  bearer = null;
  sessionStorage.removeItem(KEPT);
}

/** Trades the code in the address for a bearer, and takes it out of the address and its history. */
export async function signIn(): Promise<void> {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code === null) return;
  history.replaceState(null, '', location.pathname);
  const answer = await fetch('/v1/ui/session', { method: 'POST', body: JSON.stringify({ code }) }).catch(() => null);
  // A link that was used already leaves a session that is there as it is.
  if (!answer?.ok) return;
  const { token } = (await answer.json()) as { token: string };
  bearer = token;
  sessionStorage.setItem(KEPT, token);
}
