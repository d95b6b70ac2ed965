/**
 * HPKE (RFC 9180) base mode, receiver's side: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-GCM,
 * on WebCrypto. The receiver's private key never leaves the browser's key store.
 */

import { type Bytes, bigEndian, concat, utf8 } from './bytes';

/** AEAD of the suite: 1 is AES-128-GCM, 2 is AES-256-GCM (the one licences use). */
export type HpkeAead = 1 | 2;

/** A ciphertext does not open for this receiver and `info`. */
export class HpkeError extends Error {
  override readonly name = 'HpkeError';
}

const KEM_X25519 = 0x0020;
const KDF_SHA256 = 0x0001;
const MODE_BASE = 0;
const NONCE_LENGTH = 12;
/** Length of the encapsulated key and of a public key, bytes. */
export const KEY_LENGTH = 32;

const EMPTY = new Uint8Array(0);
const KEM_SUITE = concat(utf8('KEM'), bigEndian(KEM_X25519, 2));

function hpkeSuite(aead: HpkeAead): Bytes {
  return concat(
    utf8('HPKE'),
    bigEndian(KEM_X25519, 2),
    bigEndian(KDF_SHA256, 2),
    bigEndian(aead, 2),
  );
}

async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  // WebCrypto refuses an empty key; HMAC pads with zeros, so one zero block means the same.
  const raw = key.length === 0 ? new Uint8Array(32) : key;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('raw', raw, algorithm, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, data));
}

function labeledExtract(suite: Bytes, salt: Bytes, label: string, ikm: Bytes): Promise<Bytes> {
  return hmac(salt, concat(utf8('HPKE-v1'), suite, utf8(label), ikm));
}

/** One block of HKDF-Expand-SHA256, so `length` is at most 32. */
async function labeledExpand(
  suite: Bytes,
  prk: Bytes,
  label: string,
  info: Bytes,
  length: number,
): Promise<Bytes> {
  const parts = [bigEndian(length, 2), utf8('HPKE-v1'), suite, utf8(label), info];
  const block = await hmac(prk, concat(...parts, Uint8Array.of(1)));
  return block.slice(0, length);
}

/** The shared secret of the KEM, from the Diffie-Hellman result and both public keys. */
export async function kemSharedSecret(dh: Bytes, enc: Bytes, receiver: Bytes): Promise<Bytes> {
  const prk = await labeledExtract(KEM_SUITE, EMPTY, 'eae_prk', dh);
  return labeledExpand(KEM_SUITE, prk, 'shared_secret', concat(enc, receiver), 32);
}

/** Key and first nonce of the base mode's key schedule. */
export async function keySchedule(
  sharedSecret: Bytes,
  info: Bytes,
  aead: HpkeAead = 2,
): Promise<{ key: Bytes; nonce: Bytes }> {
  const suite = hpkeSuite(aead);
  const pskIdHash = await labeledExtract(suite, EMPTY, 'psk_id_hash', EMPTY);
  const infoHash = await labeledExtract(suite, EMPTY, 'info_hash', info);
  const context = concat(Uint8Array.of(MODE_BASE), pskIdHash, infoHash);
  const secret = await labeledExtract(suite, sharedSecret, 'secret', EMPTY);
  const key = await labeledExpand(suite, secret, 'key', context, aead === 1 ? 16 : 32);
  const nonce = await labeledExpand(suite, secret, 'base_nonce', context, NONCE_LENGTH);
  secret.fill(0);
  return { key, nonce };
}

/** A receiver: an X25519 key pair whose private half scripts cannot read. */
export interface Receiver {
  readonly privateKey: CryptoKey;
  /** 32 bytes. */
  readonly publicKey: Bytes;
}

/** A new receiver, for one page view. */
export async function newReceiver(): Promise<Receiver> {
  const pair = (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair;
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { privateKey: pair.privateKey, publicKey };
}

/** Single-shot `OpenBase`. Throws {@link HpkeError}. */
export async function openBase(
  receiver: Receiver,
  enc: Bytes,
  info: Bytes,
  aad: Bytes,
  ciphertext: Bytes,
  aead: HpkeAead = 2,
): Promise<Bytes> {
  try {
    const sender = await crypto.subtle.importKey('raw', enc, 'X25519', true, []);
    const bits = await crypto.subtle.deriveBits(
      { name: 'X25519', public: sender },
      receiver.privateKey,
      256,
    );
    const dh = new Uint8Array(bits);
    const shared = await kemSharedSecret(dh, enc, receiver.publicKey);
    const { key: raw, nonce } = await keySchedule(shared, info, aead);
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
    for (const secret of [dh, shared, raw]) secret.fill(0);
    const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: aad };
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, ciphertext));
  } catch (error) {
    throw new HpkeError('the keys were not encrypted for this receiver', { cause: error });
  }
}
