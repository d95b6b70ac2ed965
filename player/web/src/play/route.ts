/** Which path is taken now, why, and how it changed: the state the path ladder acts on. */

import type { Agent } from '../net/agent';
import type { PathReason } from '../net/path';

/** Where requests go. */
export type PathName = 'origin' | 'agent';

/** One decision, for the page's report. */
export interface PathChange {
  readonly to: PathName;
  readonly reason: PathReason;
  /** Milliseconds since the page was opened. */
  readonly atMs: number;
}

/** Answers an agent may fail to give in a row before the page turns to the origin. */
const MAX_FAILURES = 2;
/** Changes kept for the report. */
const MAX_LOG = 50;

/** The path in use. Requests ask it each time, so a change needs no reload. */
export class Route {
  #agent: Agent | null = null;
  #failures = 0;
  readonly #log: PathChange[] = [];
  readonly #listeners = new Set<(change: PathChange) => void>();

  /** The agent to ask, or null for the origin. */
  get agent(): Agent | null {
    return this.#agent;
  }

  get current(): PathName {
    return this.#agent ? 'agent' : 'origin';
  }

  get log(): readonly PathChange[] {
    return this.#log;
  }

  /** Calls `listener` after every decision. */
  onChange(listener: (change: PathChange) => void): void {
    this.#listeners.add(listener);
  }

  useAgent(agent: Agent, reason: PathReason): void {
    this.#failures = 0;
    this.#set(agent, reason);
  }

  useOrigin(reason: PathReason): void {
    this.#set(null, reason);
  }

  /** The agent delivered: what failed before is forgotten. */
  agentDelivered(): void {
    this.#failures = 0;
  }

  /**
   * `agent` failed a request; `gone` when nothing answers at its address. The caller asks the origin
   * for this request in any case; this decides about the ones that follow. Behind an agent that serves the page
   * there is no origin to ask.
   */
  agentFailed(agent: Agent, gone: boolean): void {
    if (agent !== this.#agent || agent.serves) return;
    this.#failures += 1;
    if (gone || this.#failures >= MAX_FAILURES) this.useOrigin('agent_lost');
  }

  #set(agent: Agent | null, reason: PathReason): void {
    this.#agent = agent;
    const change = { to: this.current, reason, atMs: Math.round(performance.now()) };
    this.#log.push(change);
    if (this.#log.length > MAX_LOG) this.#log.shift();
    for (const listener of this.#listeners) listener(change);
  }
}
