/**
 * The other half of `src/secure`, for tests and the development server only: seals segments, makes
 * and signs licences. The product seals in Rust; nothing here is part of the built pages.
 */

import { type Bytes, bigEndian, concat, sha256, utf8 } from '../src/secure/bytes';
import { type Cbor, encode } from '../src/secure/cbor';
import { keyId, protectedHeader, signatureInput } from '../src/secure/cose';
import {
  DMS_FLOE,
  type FloeParams,
  SEGMENT_OVERHEAD,
  dataKeyPurpose,
  encodeParams,
  floeKdf,
  segmentAssociatedData,
} from '../src/secure/floe';
import { keySchedule, kemSharedSecret } from '../src/secure/hpke';
import { licenseInfo } from '../src/secure/license';

const HMAC = { name: 'HMAC', hash: 'SHA-384' } as const;

/** Random bytes. */
export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

function hmacKey(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, HMAC, false, ['sign']);
}

/** Seals `plain` as one FLOE message. */
export async function seal(
  rawKey: Bytes,
  aad: Bytes,
  plain: Bytes,
  params: FloeParams = DMS_FLOE,
): Promise<Bytes> {
  const key = await hmacKey(rawKey);
  const prefix = concat(encodeParams(params), random(32));
  const tag = await floeKdf(key, prefix, utf8('HEADER_TAG:'), aad, 32);
  const messageKey = await hmacKey(await floeKdf(key, prefix, utf8('MESSAGE_KEY:'), aad, 48));
  const step = params.segmentLength - SEGMENT_OVERHEAD;
  const count = Math.max(1, Math.ceil(plain.length / step));
  const parts: Bytes[] = [prefix, tag];
  for (let position = 0; position < count; position++) {
    const last = position === count - 1;
    const raw = await floeKdf(messageKey, prefix, dataKeyPurpose(position, params), aad, 32);
    const dataKey = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);
    const iv = random(12);
    const additionalData = segmentAssociatedData(position, last);
    const body = plain.slice(position * step, (position + 1) * step);
    const algorithm = { name: 'AES-GCM', iv, additionalData };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, dataKey, body));
    const length = last ? sealed.length + 4 + 12 : 0xffff_ffff;
    parts.push(bigEndian(length, 4), iv, sealed);
  }
  return concat(...parts);
}

/** HPKE base mode, sender's side, single shot: `[encapsulated key, ciphertext]`. */
export async function sealBase(receiver: Bytes, info: Bytes, plain: Bytes): Promise<[Bytes, Bytes]> {
  const pair = (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair;
  const enc = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const theirs = await crypto.subtle.importKey('raw', receiver, 'X25519', true, []);
  const algorithm = { name: 'X25519', public: theirs };
  const dh = new Uint8Array(await crypto.subtle.deriveBits(algorithm, pair.privateKey, 256));
  const { key, nonce } = await keySchedule(await kemSharedSecret(dh, enc, receiver), info);
  const aead = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, aead, plain);
  return [enc, new Uint8Array(sealed)];
}

/** An Ed25519 key that signs licences. */
export interface Signer {
  readonly privateKey: CryptoKey;
  readonly publicKey: Bytes;
}

/** A new signing key. */
export async function newSigner(): Promise<Signer> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign'])) as CryptoKeyPair;
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { privateKey: pair.privateKey, publicKey };
}

/** A COSE_Sign1 around `payload`. */
export async function sign1(
  signer: Signer,
  contentType: string,
  externalAad: string,
  payload: Bytes,
): Promise<Bytes> {
  const header = protectedHeader(contentType, await keyId(signer.publicKey));
  const input = signatureInput(header, externalAad, payload);
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', signer.privateKey, input));
  return encode([header, new Map(), payload, signature]);
}

/** What a licence shall say. */
export interface LicenseRequest {
  readonly tenant: string;
  readonly title: Bytes;
  readonly version: number;
  readonly subject: string;
  readonly recipient: Bytes;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Track -> raw key of 32 bytes. */
  readonly keys: ReadonlyMap<number, Bytes>;
}

/** A signed licence. */
export async function license(signer: Signer, request: LicenseRequest): Promise<Bytes> {
  const id = random(16);
  const device = new Uint8Array(16);
  const keys = encode(new Map<number, Cbor>(request.keys));
  const [enc, sealed] = await sealBase(request.recipient, licenseInfo({ ...request, id, device }), keys);
  const payload = encode(
    new Map<number, Cbor>([
      [0, 1],
      [1, id],
      [2, request.tenant],
      [3, request.title],
      [4, request.version],
      [5, device],
      [6, request.subject],
      [7, await sha256(request.recipient)],
      [8, request.notBefore],
      [9, request.notBefore],
      [10, request.notAfter],
      [11, request.notAfter],
      [12, false],
      [13, [...request.keys.keys()].sort((a, b) => a - b)],
      [14, enc],
      [15, sealed],
    ]),
  );
  return sign1(signer, 'application/dms-license+cbor', 'dms license v1', payload);
}

/** The key of one track: one block of HKDF-Expand-SHA-384 of the title key. */
export async function trackKey(titleKey: Bytes, track: number): Promise<Bytes> {
  const info = concat(utf8('dms track v1'), bigEndian(track, 2), Uint8Array.of(1));
  const block = await crypto.subtle.sign('HMAC', await hmacKey(titleKey), info);
  return new Uint8Array(block).slice(0, 32);
}
