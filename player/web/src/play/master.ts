/** The master playlist: which qualities there are, and which of them the licence opens. Pure. */

/** A quality as the playlist tells it. */
export interface Variant {
  /** The track that its media playlist is of; null when the address says none. */
  readonly track: number | null;
  readonly width: number;
  readonly height: number;
  /** Bits per second. */
  readonly bitrate: number;
}

const STREAM = '#EXT-X-STREAM-INF:';

/** The track in `{version}/{track}/index.m3u8`. */
function trackOf(uri: string): number | null {
  const number = /^\d{1,15}\/(\d{1,5})\/index\.m3u8$/.exec(uri)?.[1];
  return number === undefined ? null : Number(number);
}

function variantOf(attributes: string, uri: string): Variant {
  const [, width = '0', height = '0'] = /(?:^|,)RESOLUTION=(\d{1,5})x(\d{1,5})/.exec(attributes) ?? [];
  const bandwidth = /(?:^|,)BANDWIDTH=(\d{1,12})/.exec(attributes)?.[1] ?? '0';
  return { track: trackOf(uri), width: Number(width), height: Number(height), bitrate: Number(bandwidth) };
}

/** The qualities of a master playlist. */
export function variants(master: string): Variant[] {
  const lines = master.split('\n').map((line) => line.trim());
  return lines.flatMap((line, index) => {
    const uri = lines[index + 1];
    if (!line.startsWith(STREAM) || uri === undefined || uri.startsWith('#')) return [];
    return [variantOf(line.slice(STREAM.length), uri)];
  });
}

/**
 * The playlist without the qualities that no key of the licence opens: a policy may allow the lower ones only. One
 * that would have no quality left stays as it is, so that the error says what is missing.
 */
export function licensedOnly(master: string, tracks: ReadonlySet<number>): string {
  const opens = ({ track }: Variant) => track === null || tracks.has(track);
  const all = variants(master);
  if (all.every(opens) || !all.some(opens)) return master;
  const lines = master.split('\n');
  const kept: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const uri = (lines[i + 1] ?? '').trim();
    if (line.trim().startsWith(STREAM) && !opens(variantOf(line, uri))) i += 1;
    else kept.push(line);
  }
  return kept.join('\n');
}
