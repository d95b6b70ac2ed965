/** Where segments came from, and how many bytes. */

/** Bytes by source. `cache` and `peer` never crossed the office's WAN link for this view. */
export interface SourceBytes {
  cache: number;
  peer: number;
  /** A cache at the edge of the office network. */
  edge: number;
  origin: number;
}

/** What a person reads on the chip. */
export type Nearness = 'nearby' | 'office' | 'internet';

/** Nothing yet. */
export function noBytes(): SourceBytes {
  return { cache: 0, peer: 0, edge: 0, origin: 0 };
}

/** Adds `more` to `sum`. */
export function addBytes(sum: SourceBytes, more: SourceBytes): void {
  sum.cache += more.cache;
  sum.peer += more.peer;
  sum.edge += more.edge;
  sum.origin += more.origin;
}

/** All bytes. */
export function totalBytes(bytes: SourceBytes): number {
  return bytes.cache + bytes.peer + bytes.edge + bytes.origin;
}

/**
 * Reads a `dms-source` header: `cache=<bytes>;peer=<bytes>;origin=<bytes>`, or a single name for the
 * whole body. Unknown names are ignored; what the header does not account for counts as origin.
 */
export function parseSource(header: string | null, length: number): SourceBytes {
  const bytes = noBytes();
  for (const part of (header ?? '').split(';')) {
    const [name = '', amount] = part.trim().split('=');
    if (!isSource(name)) continue;
    const count = amount === undefined ? length : Number(amount);
    if (Number.isSafeInteger(count) && count >= 0) bytes[name] += count;
  }
  const unknown = length - totalBytes(bytes);
  if (unknown > 0) bytes.origin += unknown;
  return bytes;
}

function isSource(name: string): name is keyof SourceBytes {
  return name === 'cache' || name === 'peer' || name === 'edge' || name === 'origin';
}

/** Where most of the bytes came from. Nearby wins a tie: it cost nothing. */
export function nearness(bytes: SourceBytes): Nearness {
  const nearby = bytes.cache + bytes.peer;
  if (nearby >= bytes.edge && nearby >= bytes.origin && nearby > 0) return 'nearby';
  return bytes.edge > bytes.origin ? 'office' : 'internet';
}

/** The sources of the last segments, for a chip that says where playback stands now. */
export class RecentSources {
  /** Segments looked back at: about half a minute of video and sound. */
  static readonly WINDOW = 16;
  readonly #recent: SourceBytes[] = [];

  add(bytes: SourceBytes): void {
    this.#recent.push(bytes);
    if (this.#recent.length > RecentSources.WINDOW) this.#recent.shift();
  }

  /** Null before the first segment. */
  nearness(): Nearness | null {
    if (this.#recent.length === 0) return null;
    const sum = noBytes();
    for (const bytes of this.#recent) addBytes(sum, bytes);
    return nearness(sum);
  }
}
