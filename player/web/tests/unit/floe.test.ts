import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { random, seal } from '../../dev/sealer';
import { type Bytes, equal, fromHex, toHex, utf8 } from '../../src/secure/bytes';
import { DMS_FLOE, FloeError, HEADER_LENGTH, type FloeParams, importKey, open } from '../../src/secure/floe';

const VECTORS = fileURLToPath(new URL('../../../../drm/vectors/floe/', import.meta.url));
const SMALL: FloeParams = { segmentLength: 64, rotationMask: 20 };

function hexFile(name: string): Bytes {
  const bytes = fromHex(readFileSync(VECTORS + name, 'utf8').trim());
  if (!bytes) throw new Error(`${name} is not hexadecimal`);
  return bytes;
}

function paramsOf(name: string): FloeParams {
  if (name.includes('_1M')) return { segmentLength: 1024 * 1024, rotationMask: 20 };
  if (name.includes('_4K')) return { segmentLength: 4096, rotationMask: 20 };
  if (name.includes('_64')) return { segmentLength: 64, rotationMask: 20 };
  return { segmentLength: 40, rotationMask: name.includes('rotation') ? 2 : 20 };
}

async function fault(opening: Promise<unknown>): Promise<string> {
  try {
    await opening;
  } catch (error) {
    if (error instanceof FloeError) return error.fault;
    throw error;
  }
  return 'opened';
}

describe('messages of the reference implementations', () => {
  const names = existsSync(VECTORS)
    ? readdirSync(VECTORS).filter((name) => name.endsWith('_ct.txt'))
    : [];

  it('has the files', () => {
    expect(names.length).toBeGreaterThanOrEqual(11);
  });

  it.each(names)('%s opens', async (name) => {
    const key = await importKey(new Uint8Array(32));
    const plain = await open(key, utf8('This is AAD'), hexFile(name), paramsOf(name));
    expect(toHex(plain)).toBe(toHex(hexFile(name.replace('_ct', '_pt'))));
  });

  it('do not open under another rotation mask', async () => {
    const key = await importKey(new Uint8Array(32));
    const opening = open(key, utf8('This is AAD'), hexFile('go_rotation_ct.txt'), {
      segmentLength: 40,
      rotationMask: 20,
    });
    expect(await fault(opening)).toBe('altered');
  });
});

describe('a sealed message', () => {
  let raw: Bytes;
  let key: CryptoKey;
  const aad = utf8('place');

  beforeAll(async () => {
    raw = random(32);
    key = await importKey(raw.slice());
  });

  it.each([0, 1, 31, 32, 33, 63, 64, 65, 200])('of %i bytes opens to the same bytes', async (length) => {
    const plain = random(length);
    const sealed = await seal(raw, aad, plain, SMALL);
    expect(await open(key, aad, sealed, SMALL)).toEqual(plain);
  });

  it('of several chunks opens with the parameters of the product', async () => {
    const plain = new Uint8Array(2_500_000).fill(7);
    const sealed = await seal(raw, aad, plain);
    expect(sealed.length).toBe(HEADER_LENGTH + plain.length + 3 * 32);
    expect(equal(await open(key, aad, sealed, DMS_FLOE), plain)).toBe(true);
  });

  it('is refused after any single bit flip', async () => {
    const sealed = await seal(raw, aad, random(70), SMALL);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = sealed.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await fault(open(key, aad, flipped, SMALL)), `bit ${bit}`).not.toBe('opened');
    }
  });

  it('is refused when it is cut at any length', async () => {
    const sealed = await seal(raw, aad, random(70), SMALL);
    for (let length = 0; length < sealed.length; length++) {
      expect(await fault(open(key, aad, sealed.slice(0, length), SMALL))).toBe('malformed');
    }
  });

  it('is refused when its segments change places or come twice', async () => {
    const sealed = await seal(raw, aad, random(100), SMALL);
    const first = sealed.slice(HEADER_LENGTH, HEADER_LENGTH + 64);
    const swapped = sealed.slice();
    swapped.copyWithin(HEADER_LENGTH, HEADER_LENGTH + 64, HEADER_LENGTH + 128);
    swapped.set(first, HEADER_LENGTH + 64);
    expect(await fault(open(key, aad, swapped, SMALL))).toBe('altered');
    const repeated = sealed.slice();
    repeated.set(first, HEADER_LENGTH + 64);
    expect(await fault(open(key, aad, repeated, SMALL))).toBe('altered');
  });

  it('names a wrong key and a wrong place', async () => {
    const sealed = await seal(raw, aad, random(10), SMALL);
    expect(await fault(open(await importKey(random(32)), aad, sealed, SMALL))).toBe('wrong_key');
    expect(await fault(open(key, utf8('elsewhere'), sealed, SMALL))).toBe('wrong_key');
    expect(await fault(open(key, aad, sealed, DMS_FLOE))).toBe('malformed');
  });

  it('differs every time', async () => {
    const plain = random(10);
    const [a, b] = [await seal(raw, aad, plain, SMALL), await seal(raw, aad, plain, SMALL)];
    expect(toHex(a.slice(10, 42))).not.toBe(toHex(b.slice(10, 42)));
  });
});

describe('a key', () => {
  it('cannot be read back, and its raw bytes are wiped', async () => {
    const raw = random(32);
    const key = await importKey(raw);
    expect(key.extractable).toBe(false);
    expect(raw.every((byte) => byte === 0)).toBe(true);
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
  });

  it('has 32 bytes', async () => {
    expect(await fault(importKey(random(31)))).toBe('malformed');
  });
});
