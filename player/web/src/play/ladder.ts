/** Carries out the path ladder: probes, offers, and comes back to an agent that was away. */

import { Agent } from '../net/agent';
import { home } from '../net/home';
import {
  HELLO_BUDGET_MS,
  LATE_HELLO_MS,
  type PageNetwork,
  type PathPlan,
  type PathReason,
  type Permission,
  PROMPT_BUDGET_MS,
  planPath,
  readPermission,
} from '../net/path';
import type { Route } from './route';

/** Between two looks for an agent that was lost, ms. */
const RETURN_PAUSE_MS = 20_000;
/** How often a lost agent is looked for: ten minutes. */
const MAX_RETURNS = 30;
const REFUSED_KEY = 'dms.office-network.refused';

/** What came of a person's yes. */
export type OfferOutcome = 'agent' | 'denied' | 'no_agent';

export class Ladder {
  readonly #route: Route;
  readonly #agentOrigin: string;
  readonly #page: PageNetwork;
  #permission: Permission = 'absent';
  #returns = 0;

  constructor(route: Route, agentOrigin: string, page: PageNetwork) {
    this.#route = route;
    this.#agentOrigin = agentOrigin;
    this.#page = page;
    route.onChange((change) => {
      if (change.reason === 'agent_lost') this.#lookAgainLater();
    });
  }

  get agentOrigin(): string {
    return this.#agentOrigin;
  }

  /** The browser's permission as last read. */
  get permission(): Permission {
    return this.#permission;
  }

  /**
   * Decides the first path, within the budget of a hello. An agent that answers later is taken up
   * while playing.
   */
  async begin(): Promise<PathPlan> {
    this.#permission = await readPermission(navigator.permissions);
    const refused = readFlag(REFUSED_KEY);
    const plan = planPath({ permission: this.#permission, page: this.#page, refused });
    if (plan.start === 'origin') {
      this.#route.useOrigin(plan.reason);
      return plan;
    }
    const connecting = this.#connect(LATE_HELLO_MS);
    const budget = new Promise<'late'>((done) => setTimeout(() => done('late'), HELLO_BUDGET_MS));
    const first = await Promise.race([connecting, budget]);
    if (first === 'late' || first === null) this.#route.useOrigin('agent_silent');
    else this.#route.useAgent(first, plan.reason);
    if (first === 'late') void connecting.then((agent) => this.#take(agent, 'agent_answers'));
    return plan;
  }

  /** The person said yes: this may raise the browser's question, once. */
  async accept(): Promise<OfferOutcome> {
    const agent = await this.#connect(PROMPT_BUDGET_MS);
    this.#permission = await readPermission(navigator.permissions);
    if (agent) {
      this.#route.useAgent(agent, 'granted');
      return 'agent';
    }
    return this.#permission === 'granted' || this.#permission === 'absent' ? 'no_agent' : 'denied';
  }

  /** The person said no: never offered again in this browser. */
  refuse(): void {
    try {
      localStorage.setItem(REFUSED_KEY, '1');
    } catch {
      // Storage may be forbidden; the line then comes back with the next page.
    }
  }

  async #connect(budgetMs: number): Promise<Agent | null> {
    try {
      return home.agent ?? (await Agent.connect(this.#agentOrigin, AbortSignal.timeout(budgetMs)));
    } catch {
      return null;
    }
  }

  #take(agent: Agent | null, reason: PathReason): boolean {
    if (agent && !this.#route.agent) this.#route.useAgent(agent, reason);
    return agent !== null;
  }

  #lookAgainLater(): void {
    if (this.#returns >= MAX_RETURNS) return;
    this.#returns += 1;
    setTimeout(async () => {
      const found = this.#take(await this.#connect(LATE_HELLO_MS), 'agent_back');
      if (!found) this.#lookAgainLater();
    }, RETURN_PAUSE_MS);
  }
}

function readFlag(key: string): boolean {
  try {
    return localStorage.getItem(key) === '1';
  } catch {
    return false;
  }
}
