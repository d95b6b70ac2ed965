/** Which path views take to their video, and what would bring more of them to the agent. Pure. */

import type { Schema } from '~/api/client';

export type PathViews = Schema<'PathViews'>;
export type ViewPath = Schema<'ViewPath'>;
export type PathReason = Schema<'PathReason'>;

/** The paths, the best first. */
export const PATHS: readonly ViewPath[] = ['agent', 'agent_page', 'asked', 'origin'];

export interface Share {
  readonly path: ViewPath;
  readonly views: number;
  /** Of all views. */
  readonly ratio: number;
}

/** The share of each path that any view took. */
export function sharesOf(items: readonly PathViews[]): Share[] {
  const all = items.reduce((sum, { views }) => sum + views, 0);
  return PATHS.map((path) => {
    const views = items.filter((item) => item.path === path).reduce((sum, item) => sum + item.views, 0);
    return { path, views, ratio: all === 0 ? 0 : views / all };
  }).filter(({ views }) => views > 0);
}

/** What is in the way of views that use the origin: the browser, no agent, an agent that stops. */
export type Obstacle = 'browser' | 'no_agent' | 'agent_lost';

const OBSTACLES: Partial<Readonly<Record<PathReason, Obstacle>>> = {
  denied: 'browser',
  ask_first: 'browser',
  refused_before: 'browser',
  agent_silent: 'no_agent',
  agent_lost: 'agent_lost',
};

/** A smaller share of all views is no reason to do anything. */
const WORTH = 0.02;

/** What is in the way, the most common first, with its share of all views. Who was asked and agreed counts for the browser. */
export function obstaclesOf(items: readonly PathViews[]): { obstacle: Obstacle; ratio: number }[] {
  const all = items.reduce((sum, { views }) => sum + views, 0);
  const found = new Map<Obstacle, number>();
  for (const { path, reason, views } of items) {
    const obstacle = path === 'asked' ? 'browser' : path === 'origin' ? OBSTACLES[reason] : undefined;
    if (obstacle) found.set(obstacle, (found.get(obstacle) ?? 0) + views);
  }
  return [...found]
    .map(([obstacle, views]) => ({ obstacle, ratio: views / all }))
    .filter(({ ratio }) => ratio >= WORTH)
    .sort((a, b) => b.ratio - a.ratio);
}
