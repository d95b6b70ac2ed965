/** The page's own server: the DMS, or the agent of this PC where that serves the page. */

import type { Agent } from './agent';

/** Who serves this page. The agent's page says so before anything else is asked. */
export const home = {
  /** The agent that serves it, with its bearer; null: the DMS does. */
  agent: null as Agent | null,
  /** Gives `put` the address of a picture or track, for elements: those cannot send a bearer along. */
  file(path: string, put: (url: string) => void): void {
    put(path);
  },
};

/** A request to the page's own server. */
export function ask(path: string, init: RequestInit): Promise<Response> {
  return home.agent ? home.agent.fetch(path, init) : fetch(path, { credentials: 'same-origin', ...init });
}
