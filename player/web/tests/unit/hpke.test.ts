import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { random, sealBase } from '../../dev/sealer';
import { type Bytes, fromHex, toBase64Url, toHex, utf8 } from '../../src/secure/bytes';
import { HpkeError, type Receiver, keySchedule, newReceiver, openBase } from '../../src/secure/hpke';

const EMPTY = new Uint8Array(0);
const vector = JSON.parse(
  readFileSync(new URL('./rfc9180.json', import.meta.url), 'utf8'),
) as Record<string, string>;

function field(name: string): Bytes {
  const bytes = fromHex(vector[name] ?? '?');
  if (!bytes) throw new Error(`no bytes in ${name}`);
  return bytes;
}

async function vectorReceiver(): Promise<Receiver> {
  const [d, x] = [toBase64Url(field('skR')), toBase64Url(field('pkR'))];
  const jwk = { kty: 'OKP', crv: 'X25519', d, x };
  const usages: KeyUsage[] = ['deriveBits'];
  const privateKey = await crypto.subtle.importKey('jwk', jwk, 'X25519', false, usages);
  return { privateKey, publicKey: field('pkR') };
}

describe('RFC 9180 appendix A.1.1', () => {
  it('has the key schedule of the RFC', async () => {
    const { key, nonce } = await keySchedule(field('shared_secret'), field('info'), 1);
    expect(toHex(key)).toBe(vector.key);
    expect(toHex(nonce)).toBe(vector.base_nonce);
  });

  it('opens the message of the RFC', async () => {
    const plain = await openBase(
      await vectorReceiver(),
      field('enc'),
      field('info'),
      field('aad'),
      field('ct'),
      1,
    );
    expect(toHex(plain)).toBe(vector.pt);
  });

  it('refuses it under other info, other data or another key', async () => {
    const receiver = await vectorReceiver();
    const [enc, info, aad, ct] = [field('enc'), field('info'), field('aad'), field('ct')];
    await expect(openBase(receiver, enc, utf8('x'), aad, ct, 1)).rejects.toThrow(HpkeError);
    await expect(openBase(receiver, enc, info, EMPTY, ct, 1)).rejects.toThrow(HpkeError);
    await expect(openBase(await newReceiver(), enc, info, aad, ct, 1)).rejects.toThrow(HpkeError);
  });
});

describe('a new receiver', () => {
  it('opens what was sealed for it and keeps its private key to itself', async () => {
    const receiver = await newReceiver();
    const [enc, sealed] = await sealBase(receiver.publicKey, utf8('info'), utf8('keys'));
    expect(await openBase(receiver, enc, utf8('info'), EMPTY, sealed)).toEqual(utf8('keys'));
    expect(receiver.privateKey.extractable).toBe(false);
  });

  it('refuses an encapsulated key that gives no secret', async () => {
    const receiver = await newReceiver();
    const opening = openBase(receiver, new Uint8Array(32), utf8('info'), EMPTY, random(40));
    await expect(opening).rejects.toThrow(HpkeError);
  });
});
