/** Addresses of a title, and the lines that frame it. Pure. */

/** `1:02:30` -> 3750; null when it is no such thing. */
export function readClock(text: string): number | null {
  const found = /^(?:(\d{1,3}):)?(\d{1,3}):([0-5]?\d)$/.exec(text.trim());
  if (!found) return null;
  const [, hours = '0', minutes = '0', seconds = '0'] = found;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** The page that plays it, from `seconds` on. */
export function linkTo(origin: string, id: string, seconds: number): string {
  return `${origin}/watch/${id}${seconds > 0 ? `?at=${seconds}` : ''}`;
}

/** The player alone, for a frame, from `seconds` on. */
export function playerOf(origin: string, id: string, seconds: number): string {
  return `${origin}/embed/${id}${seconds > 0 ? `?at=${seconds}` : ''}`;
}

/** HTML that shows it; the name is a text in it, whatever is in the name. */
export function frameFor(link: string, name: string): string {
  const safe = name.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  const allow = 'autoplay; fullscreen; picture-in-picture; loopback-network';
  return `<iframe src="${link}" title="${safe}" width="960" height="540" allow="${allow}" loading="lazy"></iframe>`;
}
