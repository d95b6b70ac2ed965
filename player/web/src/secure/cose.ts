/** COSE_Sign1 (RFC 9052) with Ed25519, verified against a list of trusted keys. */

import { type Bytes, equal, sha256, toHex, utf8 } from './bytes';
import { type Cbor, decode, encode } from './cbor';

/** Why a signed object is refused. */
export type CoseFault = 'malformed' | 'untrusted';

/** A signed object is refused. */
export class CoseError extends Error {
  override readonly name = 'CoseError';
  readonly fault: CoseFault;

  constructor(fault: CoseFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

const ALGORITHM = 1;
const CONTENT_TYPE = 3;
const KEY_ID = 4;
const EDDSA = -8;
const SIGNATURE_LENGTH = 64;

/** The name of a key: the first 8 bytes of the SHA-256 of its 32 bytes. */
export async function keyId(publicKey: Bytes): Promise<Bytes> {
  return (await sha256(publicKey)).slice(0, 8);
}

/** What is signed: `["Signature1", protected, external AAD, payload]`. */
export function signatureInput(header: Bytes, externalAad: string, payload: Bytes): Bytes {
  return encode(['Signature1', header, utf8(externalAad), payload]);
}

/** The protected header of this project's signed objects. */
export function protectedHeader(contentType: string, kid: Bytes): Bytes {
  return encode(
    new Map<number, Cbor>([
      [ALGORITHM, EDDSA],
      [CONTENT_TYPE, contentType],
      [KEY_ID, kid],
    ]),
  );
}

interface Parts {
  readonly header: Bytes;
  readonly payload: Bytes;
  readonly signature: Bytes;
}

function parts(message: Bytes): Parts {
  let value: Cbor;
  try {
    value = decode(message);
  } catch (error) {
    throw new CoseError('malformed', `not a signed object: ${String(error)}`);
  }
  if (!Array.isArray(value) || value.length !== 4) {
    throw new CoseError('malformed', 'not a signed object');
  }
  const [header, unprotected, payload, signature] = value;
  if (
    !(header instanceof Uint8Array) ||
    !(unprotected instanceof Map) ||
    unprotected.size !== 0 ||
    !(payload instanceof Uint8Array) ||
    !(signature instanceof Uint8Array) ||
    signature.length !== SIGNATURE_LENGTH
  ) {
    throw new CoseError('malformed', 'a part of the signed object has the wrong form');
  }
  return { header, payload, signature };
}

/**
 * The payload of `message` if one of `trusted` (32-byte Ed25519 public keys) signed it as
 * `contentType` under `externalAad`. Throws {@link CoseError}.
 */
export async function verifySign1(
  message: Bytes,
  contentType: string,
  externalAad: string,
  trusted: readonly Bytes[],
): Promise<Bytes> {
  const { header, payload, signature } = parts(message);
  for (const publicKey of trusted) {
    // The header is deterministic, so its bytes are known from the key: nothing is left to parse.
    if (!equal(header, protectedHeader(contentType, await keyId(publicKey)))) continue;
    const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
    const input = signatureInput(header, externalAad, payload);
    if (await crypto.subtle.verify('Ed25519', key, signature, input)) return payload;
    throw new CoseError('untrusted', 'the signature is not right');
  }
  throw new CoseError('untrusted', `no trusted key made this (header ${toHex(header)})`);
}
