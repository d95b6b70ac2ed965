/** The breaks of a title, as its media playlists name them. Pure. */

/** The class of the date ranges that are breaks. */
export const CLASS = 'com.apple.hls.interstitial';

/** A place where something may be inserted. */
export interface Break {
  readonly id: number;
  /** Media time, seconds. */
  readonly at: number;
  /** How much of the content it replaces, seconds. */
  readonly resume: number;
  /** Seeking over it plays it first. */
  readonly hold: boolean;
  /** Before everything, after everything, or at its time. */
  readonly cue: 'pre' | 'mid' | 'post';
}

/** Breaks of one title at most. */
const MAX_BREAKS = 500;
const RANGE = '#EXT-X-DATERANGE:';

/** The attributes of a tag: `A=1,B="x,y"`. */
function attributes(text: string): Map<string, string> {
  const found = text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,"]*))(?:,|$)/g);
  return new Map([...found].map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
}

function breakOf(range: ReadonlyMap<string, string>): Break | null {
  if (range.get('CLASS') !== CLASS) return null;
  const id = /(?:^|\/)breaks\/(\d{1,10})\/assets(?:\?|$)/.exec(range.get('X-ASSET-LIST') ?? '')?.[1];
  // Playlists count from 1970: a date is a media time.
  const at = Date.parse(range.get('START-DATE') ?? '') / 1000;
  if (id === undefined || !Number.isFinite(at) || at < 0) return null;
  const resume = Number(range.get('X-RESUME-OFFSET') ?? 0);
  const cues = (range.get('CUE') ?? '').split(',');
  return {
    id: Number(id),
    at,
    resume: Number.isFinite(resume) && resume > 0 ? resume : 0,
    hold: (range.get('X-RESTRICT') ?? '').split(',').includes('JUMP'),
    cue: cues.includes('PRE') ? 'pre' : cues.includes('POST') ? 'post' : 'mid',
  };
}

/** The breaks of a media playlist, in their order; a range that says nothing usable is passed over. */
export function breaksOf(playlist: string): Break[] {
  const found = new Map<number, Break>();
  for (const line of playlist.split('\n')) {
    if (found.size >= MAX_BREAKS || !line.startsWith(RANGE)) continue;
    const one = breakOf(attributes(line.slice(RANGE.length).trim()));
    if (one) found.set(one.id, one);
  }
  return [...found.values()].sort((a, b) => a.at - b.at || a.id - b.id);
}

/** How far before its time a break may begin, seconds: less than a picture. */
const EARLY_S = 0.02;

/** The first break in the middle that lies behind `last` and that `now` has reached, when nobody sought between. */
export function crossed(open: readonly Break[], last: number, now: number): Break | null {
  return open.find(({ cue, at }) => cue === 'mid' && at > last - EARLY_S && at <= now + EARLY_S) ?? null;
}

/** The next break in the middle from `now` on. */
export function ahead(open: readonly Break[], now: number): Break | null {
  return open.find(({ cue, at }) => cue === 'mid' && at > now + EARLY_S) ?? null;
}

/** The breaks that a seek goes over, those at its end too. */
export function jumped(open: readonly Break[], from: number, to: number): Break[] {
  return open.filter(({ cue, at }) => cue === 'mid' && at > from + EARLY_S && at <= to);
}
