/** Licences: what one says, when it is accepted, and the track keys in it. */

import { type Bytes, equal, fromUuid, sha256, toHex, toUuid } from './bytes';
import { type Cbor, decode, encode } from './cbor';
import { CoseError, verifySign1 } from './cose';
import { importKey } from './floe';
import { openBase, type Receiver } from './hpke';

const CONTENT_TYPE = 'application/dms-license+cbor';
const EXTERNAL_AAD = 'dms license v1';
const FORMAT = 1;
/** How far this computer's clock may be behind the DMS's before a new licence is refused. */
export const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

/** Why a licence is refused; each is a code of the error catalogue after `license_`. */
export type LicenseFault =
  | 'malformed'
  | 'untrusted'
  | 'wrong_title'
  | 'wrong_recipient'
  | 'not_yet'
  | 'expired'
  | 'wrong_key';

/** A licence is refused. */
export class LicenseError extends Error {
  override readonly name = 'LicenseError';
  readonly fault: LicenseFault;

  constructor(fault: LicenseFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** The keys that may sign, and for whom. */
export interface Trust {
  readonly tenant: string;
  readonly licenseKeys: readonly Bytes[];
}

/** A licence after signature, times, title and receiver were checked, with usable keys. */
export interface License {
  /** Lower-case hexadecimal. */
  readonly id: string;
  readonly tenant: string;
  /** Lower-case UUID. */
  readonly title: string;
  readonly version: number;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  /** Track -> key that opens its segments; scripts can use the keys but not read them. */
  readonly keys: ReadonlyMap<number, CryptoKey>;
}

interface Claims {
  readonly id: Bytes;
  readonly tenant: string;
  readonly title: Bytes;
  readonly version: number;
  readonly device: Bytes;
  readonly subject: string;
  readonly recipientHash: Bytes;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly tracks: readonly number[];
  readonly enc: Bytes;
  readonly ciphertext: Bytes;
}

function malformed(what: string): LicenseError {
  return new LicenseError('malformed', `the licence ${what}`);
}

class Fields {
  readonly #map: Map<number | string, Cbor>;

  constructor(payload: Bytes) {
    let value: Cbor;
    try {
      value = decode(payload);
    } catch (error) {
      throw malformed(`is not readable: ${String(error)}`);
    }
    if (!(value instanceof Map)) throw malformed('is not a map');
    this.#map = value;
  }

  uint(key: number): number {
    const value = this.#map.get(key);
    if (typeof value !== 'number' || value < 0) throw malformed(`has no number in field ${key}`);
    return value;
  }

  text(key: number): string {
    const value = this.#map.get(key);
    if (typeof value !== 'string') throw malformed(`has no text in field ${key}`);
    return value;
  }

  bytes(key: number, length?: number): Bytes {
    const value = this.#map.get(key);
    if (!(value instanceof Uint8Array)) throw malformed(`has no bytes in field ${key}`);
    if (length !== undefined && value.length !== length) {
      throw malformed(`has ${value.length} instead of ${length} bytes in field ${key}`);
    }
    return value;
  }

  uints(key: number): number[] {
    const value = this.#map.get(key);
    if (!Array.isArray(value)) throw malformed(`has no list in field ${key}`);
    return value.map((item) => {
      if (typeof item !== 'number' || item < 0) throw malformed(`has a bad item in field ${key}`);
      return item;
    });
  }
}

function claims(payload: Bytes): Claims {
  const fields = new Fields(payload);
  if (fields.uint(0) !== FORMAT) throw malformed(`has format ${fields.uint(0)}`);
  return {
    id: fields.bytes(1, 16),
    tenant: fields.text(2),
    title: fields.bytes(3, 16),
    version: fields.uint(4),
    device: fields.bytes(5, 16),
    subject: fields.text(6),
    recipientHash: fields.bytes(7, 32),
    notBefore: fields.uint(9),
    notAfter: fields.uint(10),
    tracks: fields.uints(13),
    enc: fields.bytes(14, 32),
    ciphertext: fields.bytes(15),
  };
}

/** The `info` that binds the encrypted keys to their licence. */
export function licenseInfo(of: {
  id: Bytes;
  tenant: string;
  title: Bytes;
  version: number;
  device: Bytes;
}): Bytes {
  return encode([EXTERNAL_AAD, of.id, of.tenant, of.title, of.version, of.device]);
}

async function check(
  found: Claims,
  title: string,
  receiver: Receiver,
  trust: Trust,
  now: number,
): Promise<void> {
  const wanted = fromUuid(title);
  if (!wanted || !equal(found.title, wanted) || found.tenant !== trust.tenant) {
    throw new LicenseError('wrong_title', `the licence is for title ${toUuid(found.title)}`);
  }
  if (!equal(found.recipientHash, await sha256(receiver.publicKey))) {
    throw new LicenseError('wrong_recipient', 'the licence was made for another key');
  }
  if (now < found.notBefore - CLOCK_TOLERANCE_MS) {
    const from = new Date(found.notBefore).toISOString();
    throw new LicenseError('not_yet', `the licence is valid from ${from}`);
  }
  if (now > found.notAfter) {
    const until = new Date(found.notAfter).toISOString();
    throw new LicenseError('expired', `the licence was valid until ${until}`);
  }
}

async function trackKeys(plain: Bytes, tracks: readonly number[]): Promise<Map<number, CryptoKey>> {
  let value: Cbor;
  try {
    value = decode(plain);
  } catch (error) {
    throw malformed(`holds no readable keys: ${String(error)}`);
  } finally {
    plain.fill(0);
  }
  if (!(value instanceof Map)) throw malformed('holds no map of keys');
  const keys = new Map<number, CryptoKey>();
  for (const [track, raw] of value) {
    if (typeof track !== 'number' || !(raw instanceof Uint8Array) || raw.length !== 32) {
      throw malformed('holds a bad key');
    }
    keys.set(track, await importKey(raw));
  }
  if (keys.size !== tracks.length || tracks.some((track) => !keys.has(track))) {
    throw malformed('names other tracks than it has keys for');
  }
  return keys;
}

/**
 * Checks a licence and takes its keys out. `now` is milliseconds since 1970.
 * Throws {@link LicenseError}.
 */
export async function openLicense(
  message: Bytes,
  title: string,
  receiver: Receiver,
  trust: Trust,
  now: number,
): Promise<License> {
  let payload: Bytes;
  try {
    payload = await verifySign1(message, CONTENT_TYPE, EXTERNAL_AAD, trust.licenseKeys);
  } catch (error) {
    if (error instanceof CoseError) throw new LicenseError(error.fault, error.message);
    throw error;
  }
  const found = claims(payload);
  await check(found, title, receiver, trust, now);
  let plain: Bytes;
  try {
    plain = await openBase(
      receiver,
      found.enc,
      licenseInfo(found),
      new Uint8Array(0),
      found.ciphertext,
    );
  } catch {
    throw new LicenseError('wrong_key', 'the keys in the licence are not for this browser');
  }
  return {
    id: toHex(found.id),
    tenant: found.tenant,
    title,
    version: found.version,
    subject: found.subject,
    notAfter: found.notAfter,
    keys: await trackKeys(plain, found.tracks),
  };
}
