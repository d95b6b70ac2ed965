/** Narrows the page's Content-Security-Policy to the one agent it may talk to. */

/**
 * Forbids the page every connection but to its own server and to `agent`, from now on. Policies only
 * ever add up to less, so the server's wide `connect-src` cannot undo this, and neither can a script.
 */
export function narrowConnections(agent: string): void {
  // Policies have no way to write an IPv6 address: with such an agent only the scheme is narrowed.
  const source = agent.includes('[') ? 'http:' : agent;
  const meta = document.createElement('meta');
  meta.httpEquiv = 'Content-Security-Policy';
  meta.content = `connect-src 'self' ${source}`;
  document.head.append(meta);
}
