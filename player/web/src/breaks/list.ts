/** What fills a break: the asset list that the server answers with. */

import { type Json, number, text } from '../net/api';
import { ask } from '../net/home';
import { fromUuid } from '../secure/bytes';

/** One showing of one creative. */
export interface Asset {
  readonly instance: string;
  /** The creative's title. */
  readonly title: string;
  readonly name: string;
  readonly durationMs: number;
  /** When it may be skipped; null: never. */
  readonly skipAfterMs: number | null;
  readonly mustSee: boolean;
  /** Where a click leads. */
  readonly click: string | null;
  readonly why: { readonly kind: string; readonly text: string };
}

/** What fills one break. */
export interface AdList {
  readonly assets: readonly Asset[];
  readonly hold: boolean;
  /** How much of the content it replaces, seconds; null: as the playlist says. */
  readonly resume: number | null;
}

/** Assets of one break at most. */
const MAX_ASSETS = 50;

/** A web address that a link may lead to. */
function link(value: unknown): string | null {
  const url = URL.parse(text(value) ?? '');
  return url && /^https?:$/.test(url.protocol) ? url.href : null;
}

function assetOf(value: unknown): Asset | null {
  const json = (value ?? {}) as Json;
  const ours = (json['X-DMS'] ?? {}) as Json;
  const [instance, title, seconds] = [text(ours.instance) ?? '', text(ours.title) ?? '', number(json.DURATION)];
  if (!fromUuid(instance) || !fromUuid(title) || seconds === null || seconds <= 0) return null;
  const why = (ours.why ?? {}) as Json;
  const skip = number(ours.skip_after_ms);
  return {
    instance,
    title,
    name: text(ours.name) ?? '',
    durationMs: Math.round(seconds * 1000),
    skipAfterMs: skip !== null && skip >= 0 ? skip : null,
    mustSee: ours.must_see === true,
    click: link(ours.click),
    why: { kind: text(why.kind) ?? '', text: text(why.text) ?? '' },
  };
}

/** Reads an asset list; null when it is none. Assets that cannot be played are passed over. */
export function parseList(body: unknown): AdList | null {
  const json = (body ?? {}) as Json;
  if (!Array.isArray(json.ASSETS)) return null;
  const ours = (json['X-DMS'] ?? {}) as Json;
  const resume = number(ours.resume_ms);
  const assets = json.ASSETS.slice(0, MAX_ASSETS).map(assetOf).filter((asset) => asset !== null);
  return {
    assets,
    hold: ours.hold === true || assets.some(({ mustSee }) => mustSee),
    resume: resume !== null && resume >= 0 ? resume / 1000 : null,
  };
}

/** Asks what fills a break; null when nobody says, or nothing usable. */
export async function askList(
  title: string,
  id: number,
  session: string,
  signal: AbortSignal,
): Promise<AdList | null> {
  try {
    const answer = await ask(`/api/v1/titles/${title}/breaks/${id}/assets?session=${session}`, { signal });
    return answer.ok ? parseList(await answer.json()) : null;
  } catch {
    // A server that does not answer fills no break.
    return null;
  }
}
