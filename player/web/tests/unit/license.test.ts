import { beforeAll, describe, expect, it } from 'vitest';
import { type LicenseRequest, type Signer, license, newSigner, random, seal, sign1 } from '../../dev/sealer';
import { type Bytes, fromUuid, utf8 } from '../../src/secure/bytes';
import { type Cbor, decode, encode } from '../../src/secure/cbor';
import { open } from '../../src/secure/floe';
import { type Receiver, newReceiver } from '../../src/secure/hpke';
import { CLOCK_TOLERANCE_MS, LicenseError, type Trust, openLicense } from '../../src/secure/license';

const TITLE = '00112233-4455-6677-8899-aabbccddeeff';
const NOW = Date.UTC(2026, 10, 22);

let signer: Signer;
let receiver: Receiver;
let trust: Trust;
let keys: Map<number, Bytes>;

beforeAll(async () => {
  signer = await newSigner();
  receiver = await newReceiver();
  trust = { tenant: 'acme', licenseKeys: [(await newSigner()).publicKey, signer.publicKey] };
  keys = new Map([
    [1, random(32)],
    [7, random(32)],
  ]);
});

function request(changes: Partial<LicenseRequest> = {}): LicenseRequest {
  return {
    tenant: 'acme',
    title: fromUuid(TITLE) ?? random(16),
    version: 4,
    subject: 'alice',
    recipient: receiver.publicKey,
    notBefore: NOW - 1000,
    notAfter: NOW + 1000,
    keys,
    ...changes,
  };
}

async function fault(message: Bytes, now = NOW): Promise<string> {
  try {
    await openLicense(message, TITLE, receiver, trust, now);
  } catch (error) {
    if (error instanceof LicenseError) return error.fault;
    throw error;
  }
  return 'opened';
}

describe('a licence', () => {
  it('says who and what, and its keys open the tracks it names', async () => {
    const opened = await openLicense(await license(signer, request()), TITLE, receiver, trust, NOW);
    expect(opened).toMatchObject({ tenant: 'acme', title: TITLE, version: 4, subject: 'alice' });
    expect([...opened.keys.keys()]).toEqual([1, 7]);
    const key = opened.keys.get(7);
    const sealed = await seal(keys.get(7) ?? random(32), utf8('a'), utf8('film'));
    expect(key?.extractable).toBe(false);
    expect(key && (await open(key, utf8('a'), sealed))).toEqual(utf8('film'));
  });

  it('is refused when a byte of it changed', async () => {
    const message = await license(signer, request());
    for (let at = 0; at < message.length; at += 3) {
      const changed = message.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(['malformed', 'untrusted'], `byte ${at}`).toContain(await fault(changed));
    }
  });

  it('is refused when a stranger signed it', async () => {
    expect(await fault(await license(await newSigner(), request()))).toBe('untrusted');
  });

  it('is refused when it was signed as something else', async () => {
    const signed = decode(await license(signer, request())) as Cbor[];
    const payload = signed[2] as Bytes;
    const manifest = await sign1(signer, 'application/dms-manifest+cbor', 'dms manifest v1', payload);
    expect(await fault(manifest)).toBe('untrusted');
    const otherAad = await sign1(signer, 'application/dms-license+cbor', 'dms manifest v1', payload);
    expect(await fault(otherAad)).toBe('untrusted');
  });

  it('is refused for another title, tenant or receiver', async () => {
    expect(await fault(await license(signer, request({ title: random(16) })))).toBe('wrong_title');
    expect(await fault(await license(signer, request({ tenant: 'other' })))).toBe('wrong_title');
    const recipient = (await newReceiver()).publicKey;
    expect(await fault(await license(signer, request({ recipient })))).toBe('wrong_recipient');
  });

  it('is valid only in its time', async () => {
    const message = await license(signer, request());
    expect(await fault(message, NOW + 1001)).toBe('expired');
    expect(await fault(message, NOW - 1000 - CLOCK_TOLERANCE_MS)).toBe('opened');
    expect(await fault(message, NOW - 1001 - CLOCK_TOLERANCE_MS)).toBe('not_yet');
  });

  it('is refused when its payload is not one', async () => {
    const sign = (payload: Bytes) =>
      sign1(signer, 'application/dms-license+cbor', 'dms license v1', payload);
    expect(await fault(await sign(utf8('hello')))).toBe('malformed');
    expect(await fault(await sign(encode(new Map<number, Cbor>([[0, 2]]))))).toBe('malformed');
    expect(await fault(utf8('<html>'))).toBe('malformed');
  });

  it('cannot give its keys to another licence', async () => {
    const a = decode((decode(await license(signer, request())) as Cbor[])[2] as Bytes) as Map<number, Cbor>;
    const b = decode((decode(await license(signer, request())) as Cbor[])[2] as Bytes) as Map<number, Cbor>;
    for (const field of [14, 15]) a.set(field, b.get(field) ?? 0);
    const mixed = await sign1(signer, 'application/dms-license+cbor', 'dms license v1', encode(a));
    expect(await fault(mixed)).toBe('wrong_key');
  });
});
