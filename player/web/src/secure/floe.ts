/**
 * Opens FLOE messages (AES-256-GCM, HKDF-Expand-SHA-384, 32-byte IV) with WebCrypto.
 *
 * A message is a header (parameters, IV, committing tag) and segments; each segment's associated
 * data carries its position and whether it is the last, so that nothing can be cut off, swapped or
 * repeated. Nothing of a message is returned before all of it is verified.
 */

import { type Bytes, bigEndian, concat, equal, readU32, utf8 } from './bytes';

/** The two parameters that vary between users of FLOE. */
export interface FloeParams {
  /** Length of an internal encrypted segment, bytes. */
  readonly segmentLength: number;
  /** 2^mask segments share one derived key. 20 by the specification; other values only in tests. */
  readonly rotationMask: number;
}

/** Header and first internal segment fill one chunk of 1 MiB. */
export const DMS_FLOE: FloeParams = { segmentLength: 1_048_502, rotationMask: 20 };

/** Why a message does not open. */
export type FloeFault =
  /** It is not a message with these parameters, or a length is wrong. */
  | 'malformed'
  /** The key or the associated data is not the one it was sealed with. */
  | 'wrong_key'
  /** The header is right, a segment was altered. */
  | 'altered';

/** A message does not open. Trying again with the same bytes and key never helps. */
export class FloeError extends Error {
  override readonly name = 'FloeError';
  readonly fault: FloeFault;

  constructor(fault: FloeFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

const PARAMS_LENGTH = 10;
const FLOE_IV_LENGTH = 32;
const HEADER_TAG_LENGTH = 32;
/** Length of the header, bytes. */
export const HEADER_LENGTH = PARAMS_LENGTH + FLOE_IV_LENGTH + HEADER_TAG_LENGTH;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
/** What a segment has more than its plaintext, bytes. */
export const SEGMENT_OVERHEAD = 4 + IV_LENGTH + TAG_LENGTH;
const NOT_LAST = 0xffff_ffff;
/** Largest message accepted: far above any segment of video, far below what a tab may hold. */
const MAX_MESSAGE_LENGTH = 256 * 1024 * 1024;

const HMAC = { name: 'HMAC', hash: 'SHA-384' } as const;

/**
 * Imports a 32-byte FLOE key so that scripts can use it but not read it, and wipes `raw`.
 */
export async function importKey(raw: Bytes): Promise<CryptoKey> {
  if (raw.length !== 32) throw new FloeError('malformed', 'a FLOE key has 32 bytes');
  return importKdfKey(raw);
}

async function importKdfKey(raw: Bytes): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', raw, HMAC, false, ['sign']);
  raw.fill(0);
  return key;
}

/** The encoded parameters: AEAD id, KDF id, segment length, IV length. */
export function encodeParams(params: FloeParams): Bytes {
  return concat(
    Uint8Array.of(0, 0),
    bigEndian(params.segmentLength, 4),
    bigEndian(FLOE_IV_LENGTH, 4),
  );
}

/** FLOE_KDF: one block of HKDF-Expand-SHA-384, so `length` is at most 48. */
export async function floeKdf(
  key: CryptoKey,
  prefix: Bytes,
  purpose: Bytes,
  aad: Bytes,
  length: number,
): Promise<Bytes> {
  const info = concat(prefix, purpose, aad, Uint8Array.of(1));
  const block = new Uint8Array(await crypto.subtle.sign(HMAC.name, key, info));
  const out = block.slice(0, length);
  block.fill(0);
  return out;
}

/** The purpose of a data key: the position with its low bits masked off. */
export function dataKeyPurpose(position: number, params: FloeParams): Bytes {
  const step = 2 ** params.rotationMask;
  return concat(utf8('DEK:'), bigEndian(Math.floor(position / step) * step, 8));
}

/** The associated data of the inner AEAD. */
export function segmentAssociatedData(position: number, last: boolean): Bytes {
  return concat(bigEndian(position, 8), Uint8Array.of(last ? 1 : 0));
}

/** Where each encrypted segment of a message lies. Throws when the lengths cannot be right. */
function cut(message: Bytes, params: FloeParams): Bytes[] {
  const body = message.length - HEADER_LENGTH;
  if (body < SEGMENT_OVERHEAD) throw new FloeError('malformed', 'the message is cut short');
  if (message.length > MAX_MESSAGE_LENGTH) throw new FloeError('malformed', 'the message is too long');
  const parts: Bytes[] = [];
  for (let at = HEADER_LENGTH; at < message.length; at += params.segmentLength) {
    parts.push(message.subarray(at, Math.min(at + params.segmentLength, message.length)));
  }
  parts.forEach((part, position) => {
    const last = position === parts.length - 1;
    if (part.length < SEGMENT_OVERHEAD) throw new FloeError('malformed', 'the message is cut short');
    if (readU32(part, 0) !== (last ? part.length : NOT_LAST)) {
      throw new FloeError('malformed', 'a segment does not say its length or place');
    }
  });
  return parts;
}

/** A message's key after its header was checked. */
class MessageKey {
  readonly #key: CryptoKey;
  readonly #prefix: Bytes;
  readonly #aad: Bytes;
  readonly #params: FloeParams;
  readonly #dataKeys = new Map<number, Promise<CryptoKey>>();

  private constructor(key: CryptoKey, prefix: Bytes, aad: Bytes, params: FloeParams) {
    this.#key = key;
    this.#prefix = prefix;
    this.#aad = aad;
    this.#params = params;
  }

  static async of(key: CryptoKey, aad: Bytes, header: Bytes, params: FloeParams) {
    const prefix = header.slice(0, PARAMS_LENGTH + FLOE_IV_LENGTH);
    if (!equal(prefix.subarray(0, PARAMS_LENGTH), encodeParams(params))) {
      throw new FloeError('malformed', 'the message has other parameters');
    }
    const tag = await floeKdf(key, prefix, utf8('HEADER_TAG:'), aad, HEADER_TAG_LENGTH);
    if (!equal(tag, header.subarray(PARAMS_LENGTH + FLOE_IV_LENGTH))) {
      throw new FloeError('wrong_key', 'the message was sealed with another key or for another place');
    }
    const raw = await floeKdf(key, prefix, utf8('MESSAGE_KEY:'), aad, 48);
    return new MessageKey(await importKdfKey(raw), prefix, aad, params);
  }

  #dataKey(position: number): Promise<CryptoKey> {
    const group = Math.floor(position / 2 ** this.#params.rotationMask);
    const known = this.#dataKeys.get(group);
    if (known) return known;
    const made = this.#deriveDataKey(position);
    this.#dataKeys.set(group, made);
    return made;
  }

  async #deriveDataKey(position: number): Promise<CryptoKey> {
    const purpose = dataKeyPurpose(position, this.#params);
    const raw = await floeKdf(this.#key, this.#prefix, purpose, this.#aad, 32);
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
    raw.fill(0);
    return key;
  }

  async open(part: Bytes, position: number, last: boolean): Promise<ArrayBuffer> {
    const key = await this.#dataKey(position);
    const iv = part.subarray(4, 4 + IV_LENGTH);
    const additionalData = segmentAssociatedData(position, last);
    const sealed = part.subarray(4 + IV_LENGTH);
    try {
      return await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, sealed);
    } catch {
      throw new FloeError('altered', `segment ${position} of the message was altered`);
    }
  }
}

/** Opens a whole message. Throws {@link FloeError}; returns nothing of a message that has a fault. */
export async function open(
  key: CryptoKey,
  aad: Bytes,
  message: Bytes,
  params: FloeParams = DMS_FLOE,
): Promise<Bytes> {
  const parts = cut(message, params);
  const messageKey = await MessageKey.of(key, aad, message.slice(0, HEADER_LENGTH), params);
  const last = parts.length - 1;
  const plain = await Promise.all(
    parts.map((part, position) => messageKey.open(part, position, position === last)),
  );
  const [only] = plain;
  if (only && plain.length === 1) return new Uint8Array(only);
  return concat(...plain.map((buffer) => new Uint8Array(buffer)));
}
