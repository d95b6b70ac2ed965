/** Why the picture is as sharp as it is: the reasons, weighed, in one or two plain sentences. Pure. */

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
  if (!now) return 'The video has not started yet. The first picture comes in the quality that starts soonest.';
  const shown = `You see ${lines(now)} lines.`;
  if (chosen) {
    return `${shown} You chose this yourself; choose Automatic to let the player decide.`;
  }
  const top = best(all);
  if (!top || now.bitrate >= top.bitrate) return `${shown} This is the best this video has.`;
  const cap = best(playable.filter((picture) => !facts.dataSaver || lines(picture) <= facts.saverLines));
  if (facts.dataSaver && (!cap || now.bitrate >= cap.bitrate)) {
    const saved = `Data is being saved, so it goes no higher than ${facts.saverLines} lines.`;
    return `${shown} ${saved} You can change this in the player’s settings.`;
  }
  const sized = enough(playable, screen);
  if (sized && now.bitrate >= sized.bitrate && lines(now) >= lines(sized)) {
    const fullScreen = sized.bitrate < (best(playable)?.bitrate ?? 0) ? ' In full screen it gets sharper.' : '';
    return `${shown} More would not show in a picture of this size.${fullScreen}`;
  }
  const bestPlayable = best(playable);
  if (bestPlayable && now.bitrate >= bestPlayable.bitrate) return `${shown} ${ceiling(top, licensed)}`;
  return `${shown} ${network(facts, now)}`;
}

/** Why the best that can be played is not the best there is. */
function ceiling(top: Picture, licensed: readonly Picture[]): string {
  const allowed = best(licensed);
  if (allowed && allowed.bitrate < top.bitrate) {
    return `Whoever published this video allows no more than ${lines(allowed)} of its ${lines(top)} lines here.`;
  }
  return `The video has ${lines(top)} lines, but this browser cannot decode them.`;
}

function network({ playable, measured, office }: QualityFacts, now: Picture): string {
  const above = playable.filter((picture) => picture.bitrate > now.bitrate);
  const next = above.reduce<Picture | null>((a, b) => (a && a.bitrate <= b.bitrate ? a : b), null);
  const from = office ? 'Your office network' : 'Your connection';
  if (!next || measured <= 0) return `${from} is still being measured; it may get sharper in a moment.`;
  if (measured >= next.bitrate * MARGIN) {
    return `${from} gives ${bitrate(measured)}, enough for more: it gets sharper with the next seconds.`;
  }
  const needed = `${lines(next)} lines need ${bitrate(next.bitrate * MARGIN)}`;
  return `${from} gives ${bitrate(measured)} at the moment, and ${needed}.`;
}
