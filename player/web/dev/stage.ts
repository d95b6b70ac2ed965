/** A DMS, an agent and a sealed title, started together: what tests and `serve.mjs` play on. */

import { DevAgent } from './agent';
import { DevDms } from './dms';
import { type Clip, type ClipRecipe, makeClip } from './media';
import { type SealedTitle, sealTitle } from './title';

/** How to start. */
export interface StageOptions {
  readonly port?: number;
  readonly agentPort?: number;
  readonly clip?: ClipRecipe;
  /** Also fill the library with titles in other states. */
  readonly shelf?: boolean;
  /** Where the built pages are, with a slash at the end. */
  readonly dist?: string;
}

/** What runs. */
export interface Stage {
  readonly dms: DevDms;
  readonly agent: DevAgent;
  readonly title: SealedTitle;
  readonly clip: Clip;
  /** The address of the watch page; `query` overrides what follows. */
  watchUrl(query?: Record<string, string>): string;
  close(): Promise<void>;
}

/** Starts all of it on loopback. */
export async function startStage(options: StageOptions = {}): Promise<Stage> {
  const clip = await makeClip(options.clip);
  const dms = new DevDms(options.dist);
  await dms.start(options.port ?? 0);
  const agent = new DevAgent(dms, dms.url);
  await agent.start(options.agentPort ?? 0);
  const title = await sealTitle(clip);
  dms.add(title, 'Quarterly all-hands');
  if (options.shelf) await fillShelf(dms, clip);
  return {
    dms,
    agent,
    title,
    clip,
    watchUrl(query = {}) {
      const search = new URLSearchParams({ agent: agent.url, ...query });
      return `${dms.url}/watch/${title.id}?${search}`;
    },
    async close() {
      await agent.close();
      await dms.close();
    },
  };
}

async function fillShelf(dms: DevDms, clip: Clip): Promise<void> {
  const moving = dms.addRow('Forklift safety, third edition', { state: 'transcoding', eta_seconds: 95 });
  moving.progress_percent = 12;
  const title = await sealTitle(clip, moving.id);
  const timer = setInterval(() => {
    moving.progress_percent = Math.min(100, (moving.progress_percent ?? 0) + 0.3);
    moving.eta_seconds = Math.round((100 - moving.progress_percent) / 0.3);
    if (moving.progress_percent < 100) return;
    clearInterval(timer);
    dms.finish(moving, title);
  }, 1000);
  timer.unref();
  const message = 'The file is not a video: it looks like plain text.';
  dms.addRow('notes.txt', { state: 'failed', error: { code: 'not_video', message } });
  dms.add(await sealTitle(clip), 'Welcome to the Lyon office');
}
