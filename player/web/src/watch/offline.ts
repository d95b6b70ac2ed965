/** The card for a PC without a network: that it goes on by itself, and what can be watched meanwhile. */

import type { PageError } from '../errors';
import { errorCard } from '../ui/cards';
import { t } from '../i18n/text';
import { h } from '../ui/dom';
import { clock } from '../ui/format';
import type { PlayerParts } from './page';

/** How long the agent is waited for, ms. */
const BUDGET_MS = 2_000;

/** How many titles the agent keeps on this PC; null when it does not say. */
async function kept({ route }: PlayerParts): Promise<number | null> {
  if (!route.agent) return null;
  const answer = await route.agent.fetch('/v1/kept', { signal: AbortSignal.timeout(BUDGET_MS) });
  if (!answer.ok) return null;
  const list = (await answer.json()) as unknown;
  const items = Array.isArray(list) ? list : (list as { items?: unknown } | null)?.items;
  return Array.isArray(items) ? items.length : null;
}

/** What can be watched without a network, in sentences. Pure. */
export function playable(bufferedS: number, keptTitles: number | null): string[] {
  const said: string[] = [];
  if (bufferedS >= 1) said.push(t('The next {time} are here already and can be played.', { time: clock(bufferedS) }));
  if (keptTitles !== null && keptTitles > 0) {
    said.push(
      t(
        '{n} video is saved on this PC: the company’s player shows it without a network.|' +
          '{n} videos are saved on this PC: the company’s player shows them without a network.',
        { n: keptTitles },
      ),
    );
  }
  if (said.length === 0) said.push(t('Nothing is saved on this PC, so there is nothing to watch until then.'));
  return said;
}

/** The card. */
export async function offlineCard(error: PageError, parts: PlayerParts): Promise<HTMLElement> {
  const { buffered, currentTime } = parts.video;
  const ends = Array.from({ length: buffered.length }, (_, i) => buffered.end(i));
  const ahead = Math.max(0, ...ends.map((end) => end - currentTime));
  const count = await kept(parts).catch(() => null);
  const card = errorCard(error, { retry: () => parts.retry() });
  card.querySelector('.card__code')?.before(...playable(ahead, count).map((text) => h('p', {}, text)));
  return card;
}
