/**
 * Deterministic CBOR (RFC 8949 section 4.2.1), as little of it as licences and associated data
 * need: integers, byte and text strings, arrays, maps, booleans. The reader refuses whatever the
 * writer would not have written: longer forms than needed, indefinite lengths, unsorted or
 * repeated keys, floats, tags, trailing bytes.
 */

import { type Bytes, bigEndian, concat, fromUuid, utf8 } from './bytes';

/** What the reader returns. Integers are numbers: all of ours are below 2^53. */
export type Cbor = number | boolean | string | Bytes | Cbor[] | Map<number | string, Cbor>;

/** The bytes are not deterministic CBOR of the kinds above. */
export class CborError extends Error {
  override readonly name = 'CborError';
}

/** Deepest nesting the reader follows. */
const MAX_DEPTH = 8;
/** Most entries of one array or map. */
const MAX_ITEMS = 4096;

const UINT = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const SIMPLE = 7;

function head(major: number, value: number): Bytes {
  if (!Number.isSafeInteger(value) || value < 0) throw new CborError('an integer is out of range');
  const kind = major << 5;
  if (value < 24) return Uint8Array.of(kind | value);
  if (value < 0x100) return Uint8Array.of(kind | 24, value);
  if (value < 0x1_0000) return concat(Uint8Array.of(kind | 25), bigEndian(value, 2));
  if (value < 0x1_0000_0000) return concat(Uint8Array.of(kind | 26), bigEndian(value, 4));
  return concat(Uint8Array.of(kind | 27), bigEndian(value, 8));
}

/** The deterministic encoding of `value`. */
export function encode(value: Cbor): Bytes {
  if (typeof value === 'number') {
    return value < 0 ? head(NEGATIVE, -1 - value) : head(UINT, value);
  }
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === 'string') {
    const text = utf8(value);
    return concat(head(TEXT, text.length), text);
  }
  if (value instanceof Uint8Array) return concat(head(BYTES, value.length), value);
  if (Array.isArray(value)) return concat(head(ARRAY, value.length), ...value.map(encode));
  const entries = [...value].map(([key, item]) => [encode(key), encode(item)] as const);
  entries.sort(([a], [b]) => compare(a, b));
  return concat(head(MAP, entries.length), ...entries.flat());
}

/** Byte-wise order, the order of map keys. */
function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Reads exactly one value that fills `bytes`. Throws {@link CborError}. */
export function decode(bytes: Bytes): Cbor {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.left() !== 0) throw new CborError('bytes follow the value');
  return value;
}

class Reader {
  #at = 0;
  readonly #bytes: Bytes;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(length: number): Bytes {
    if (length > this.left()) throw new CborError('the value is cut short');
    const part = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info > 27) throw new CborError('an indefinite or reserved length');
    const length = 1 << (info - 24);
    let value = 0;
    for (const byte of this.#take(length)) value = value * 256 + byte;
    const least = [24, 0x100, 0x1_0000, 0x1_0000_0000][info - 24] ?? 0;
    if (value < least) throw new CborError('an integer is not in its shortest form');
    if (!Number.isSafeInteger(value)) throw new CborError('an integer is out of range');
    return value;
  }

  value(depth: number): Cbor {
    if (depth > MAX_DEPTH) throw new CborError('nested too deep');
    const first = this.#take(1)[0] ?? 0;
    const major = first >> 5;
    const info = first & 31;
    if (major === SIMPLE) {
      if (info === 20 || info === 21) return info === 21;
      throw new CborError('a value of a kind that is not used here');
    }
    const argument = this.#argument(info);
    switch (major) {
      case UINT:
        return argument;
      case NEGATIVE:
        return -1 - argument;
      case BYTES:
        return this.#take(argument);
      case TEXT:
        return this.#text(argument);
      case ARRAY:
        return this.#array(argument, depth);
      case MAP:
        return this.#map(argument, depth);
      default:
        throw new CborError('a value of a kind that is not used here');
    }
  }

  #text(length: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#take(length));
    } catch (error) {
      if (error instanceof CborError) throw error;
      throw new CborError('a text is not UTF-8');
    }
  }

  #array(length: number, depth: number): Cbor[] {
    if (length > MAX_ITEMS) throw new CborError('an array is too long');
    return Array.from({ length }, () => this.value(depth + 1));
  }

  #map(length: number, depth: number): Map<number | string, Cbor> {
    if (length > MAX_ITEMS) throw new CborError('a map is too long');
    const map = new Map<number | string, Cbor>();
    let before: Bytes | null = null;
    for (let i = 0; i < length; i++) {
      const start = this.#at;
      const key = this.value(depth + 1);
      const encoded = this.#bytes.slice(start, this.#at);
      if (typeof key !== 'number' && typeof key !== 'string') {
        throw new CborError('a map key is neither an integer nor a text');
      }
      if (before && compare(before, encoded) >= 0) throw new CborError('map keys out of order');
      before = encoded;
      map.set(key, this.value(depth + 1));
    }
    return map;
  }
}

/** What a segment's associated data binds it to. */
export interface SegmentPlace {
  readonly tenant: string;
  /** Lower-case UUID. */
  readonly title: string;
  readonly version: number;
  readonly track: number;
  readonly segment: number;
}

/** The associated data of a sealed segment: `[1, tenant, title, version, track, segment]`. */
export function segmentAad(place: SegmentPlace): Bytes {
  const title = fromUuid(place.title);
  if (!title) throw new CborError('the title is not a lower-case UUID');
  return encode([1, place.tenant, title, place.version, place.track, place.segment]);
}
