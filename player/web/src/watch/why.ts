/** Why the picture is as sharp as it is: the reasons, weighed, in one or two plain sentences. Pure. */

import { t } from '../i18n/text';
import { bitrate } from '../ui/format';

/** A quality, as far as it matters here. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Bits per second. */
  readonly bitrate: number;
}

/** What is known when somebody asks. */
export interface QualityFacts {
  /** What is on the screen; null before the first picture. */
  readonly now: Picture | null;
  /** Every quality that the video has. */
  readonly all: readonly Picture[];
  /** Those that the licence opens. */
  readonly licensed: readonly Picture[];
  /** Those of them that this browser can decode. */
  readonly playable: readonly Picture[];
  /** The person chose this one; null: the player chooses. */
  readonly chosen: Picture | null;
  /** The player's size on the screen, in its own dots. */
  readonly screen: { readonly width: number; readonly height: number };
  /** Whether data is to be saved. */
  readonly dataSaver: boolean;
  /** Most lines while data is saved. */
  readonly saverLines: number;
  /** What the network gives, measured, bits per second. */
  readonly measured: number;
  /** Through the agent, so from the office network. */
  readonly office: boolean;
}

/** How much more than a quality needs the network has to give before it is taken. */
const MARGIN = 1.25;

/** What people call 720p: the shorter side, upright pictures too. */
export function lines({ width, height }: { width: number; height: number }): number {
  return Math.min(width, height);
}

/** Its lines as part of a name: without marks between digits. */
function said(picture: Picture): string {
  return String(lines(picture));
}

function best(of: readonly Picture[]): Picture | null {
  return of.reduce<Picture | null>((a, b) => (a && a.bitrate >= b.bitrate ? a : b), null);
}

/** The lowest quality that fills the player, as the engine caps it; null when none does. */
function enough(of: readonly Picture[], screen: QualityFacts['screen']): Picture | null {
  const filling = of.filter(({ width, height }) => width >= screen.width || height >= screen.height);
  return filling.reduce<Picture | null>((a, b) => (a && a.bitrate <= b.bitrate ? a : b), null);
}

/** What to tell: the picture's own sentence, then what limits it. */
export function whyQuality(facts: QualityFacts): string {
  const { now, all, licensed, playable, chosen, screen } = facts;
  if (!now) return t('The video has not started yet. The first picture comes in the quality that starts soonest.');
  const shown = t('You see {lines} lines.', { lines: said(now) });
  if (chosen) {
    return `${shown} ${t('You chose this yourself; choose Automatic to let the player decide.')}`;
  }
  const top = best(all);
  if (!top || now.bitrate >= top.bitrate) return `${shown} ${t('This is the best this video has.')}`;
  const cap = best(playable.filter((picture) => !facts.dataSaver || lines(picture) <= facts.saverLines));
  if (facts.dataSaver && (!cap || now.bitrate >= cap.bitrate)) {
    const saved = t('Data is being saved, so it goes no higher than {lines} lines.', { lines: `${facts.saverLines}` });
    return `${shown} ${saved} ${t('You can change this in the player’s settings.')}`;
  }
  const sized = enough(playable, screen);
  if (sized && now.bitrate >= sized.bitrate && lines(now) >= lines(sized)) {
    const sentences = [shown, t('More would not show in a picture of this size.')];
    if (sized.bitrate < (best(playable)?.bitrate ?? 0)) sentences.push(t('In full screen it gets sharper.'));
    return sentences.join(' ');
  }
  const bestPlayable = best(playable);
  if (bestPlayable && now.bitrate >= bestPlayable.bitrate) return `${shown} ${ceiling(top, licensed)}`;
  return `${shown} ${network(facts, now)}`;
}

/** Why the best that can be played is not the best there is. */
function ceiling(top: Picture, licensed: readonly Picture[]): string {
  const allowed = best(licensed);
  if (allowed && allowed.bitrate < top.bitrate) {
    return t('Whoever published this video allows no more than {allowed} of its {lines} lines here.', {
      allowed: said(allowed),
      lines: said(top),
    });
  }
  return t('The video has {lines} lines, but this browser cannot decode them.', { lines: said(top) });
}

function network({ playable, measured, office }: QualityFacts, now: Picture): string {
  const above = playable.filter((picture) => picture.bitrate > now.bitrate);
  const next = above.reduce<Picture | null>((a, b) => (a && a.bitrate <= b.bitrate ? a : b), null);
  if (!next || measured <= 0) {
    return t(
      office
        ? 'Your office network is still being measured; it may get sharper in a moment.'
        : 'Your connection is still being measured; it may get sharper in a moment.',
    );
  }
  const rate = bitrate(measured);
  if (measured >= next.bitrate * MARGIN) {
    return t(
      office
        ? 'Your office network gives {rate}, enough for more: it gets sharper with the next seconds.'
        : 'Your connection gives {rate}, enough for more: it gets sharper with the next seconds.',
      { rate },
    );
  }
  return t(
    office
      ? 'Your office network gives {rate} at the moment, and {lines} lines need {needed}.'
      : 'Your connection gives {rate} at the moment, and {lines} lines need {needed}.',
    { rate, lines: said(next), needed: bitrate(next.bitrate * MARGIN) },
  );
}
