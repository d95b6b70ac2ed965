import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LicenseRequest, type Signer, license, newSigner, random, seal } from '../../dev/sealer';
import { PageError } from '../../src/errors';
import { KeyRing, segmentAddress } from '../../src/play/keyring';
import { Route } from '../../src/play/route';
import { type Bytes, fromUuid, toHex, utf8 } from '../../src/secure/bytes';
import { segmentAad } from '../../src/secure/cbor';

const TITLE = '00112233-4455-6677-8899-aabbccddeeff';
const PLACE = { tenant: 'acme', title: TITLE, version: 4, track: 1, segment: 9 };

let signer: Signer;
let key: Bytes;
let issued = 0;
/** What the next licence says differently. */
let changes: Partial<LicenseRequest> = {};
/** Answers instead of the DMS. */
let broken: Response | Error | null = null;

async function answer(path: string, init?: RequestInit): Promise<Response> {
  if (broken instanceof Error) throw broken;
  return broken?.clone() ?? issue(path, init);
}

async function issue(path: string, init?: RequestInit): Promise<Response> {
  if (path === '/api/v1/trust') {
    return Response.json({ tenant: 'acme', license_keys: [toHex(signer.publicKey)] });
  }
  issued += 1;
  const { recipient_key: recipient } = JSON.parse(String(init?.body)) as { recipient_key: string };
  const message = await license(signer, {
    tenant: 'acme',
    title: fromUuid(TITLE) ?? random(16),
    version: 4,
    subject: 'alice',
    recipient: new Uint8Array(Buffer.from(recipient, 'base64url')),
    notBefore: Date.now(),
    notAfter: Date.now() + 3_600_000,
    keys: new Map([[1, key]]),
    ...changes,
  });
  return new Response(message);
}

async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof PageError) return error.code;
    throw error;
  }
  return 'no error';
}

let ring: KeyRing;
let route: Route;

beforeEach(async () => {
  signer = await newSigner();
  key = random(32);
  issued = 0;
  changes = {};
  broken = null;
  route = new Route();
  ring = new KeyRing(TITLE, route);
  vi.stubGlobal('fetch', answer);
  vi.stubGlobal('navigator', { onLine: true });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const at = { version: 4, track: 1, segment: 9 };
const sealed = () => seal(key, segmentAad(PLACE), utf8('picture'));

describe('a key ring', () => {
  it('asks once for many segments', async () => {
    const message = await sealed();
    const plain = await Promise.all([1, 2, 3].map(() => ring.openSegment(at, message)));
    expect(plain).toEqual([utf8('picture'), utf8('picture'), utf8('picture')]);
    expect(issued).toBe(1);
  });

  it('renews a licence that is about to end, once in a while', async () => {
    changes = { notAfter: Date.now() + 20_000 };
    await ring.openSegment(at, await sealed());
    await ring.openSegment(at, await sealed());
    expect(issued).toBe(1);
    const later = performance.now() + 11_000;
    vi.spyOn(performance, 'now').mockReturnValue(later);
    await ring.openSegment(at, await sealed());
    await vi.waitFor(() => expect(issued).toBe(2));
  });

  it('plays on with a good licence while it cannot be renewed', async () => {
    changes = { notAfter: Date.now() + 20_000 };
    const first = await ring.license();
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 11_000);
    broken = new TypeError('Failed to fetch');
    expect(await ring.openSegment(at, await sealed())).toEqual(utf8('picture'));
    expect(await ring.license()).toBe(first);
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 19_900);
    expect(await code(ring.openSegment(at, await sealed()))).toBe('origin_unreachable');
    broken = null;
    expect(await ring.openSegment(at, await sealed())).toEqual(utf8('picture'));
  });

  it('renews a licence that has ended', async () => {
    await ring.openSegment(at, await sealed());
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_700_000);
    await ring.openSegment(at, await sealed());
    expect(issued).toBe(2);
  });

  it('takes a new licence for a new version, and gives up when there is none', async () => {
    await ring.license();
    expect(await code(ring.openSegment({ ...at, version: 5 }, await sealed()))).toBe('license_version');
    expect(issued).toBe(2);
  });

  it('refuses a segment of another place, track or key', async () => {
    expect(await code(ring.openSegment({ ...at, segment: 8 }, await sealed()))).toBe('license_wrong_key');
    expect(await code(ring.openSegment({ ...at, track: 2 }, await sealed()))).toBe('license_missing_track');
    const damaged = await sealed();
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    expect(await code(ring.openSegment(at, damaged))).toBe('segment_damaged');
    expect(await code(ring.openSegment(at, utf8('<html>')))).toBe('segment_damaged');
  });

  it('names what is wrong with a licence', async () => {
    changes = { tenant: 'other' };
    expect(await code(ring.license())).toBe('license_wrong_title');
    changes = { notAfter: Date.now() - 1 };
    expect(await code(ring.license())).toBe('license_expired');
    broken = new Response('{}', { status: 403 });
    expect(await code(ring.license())).toBe('forbidden');
    broken = new TypeError('Failed to fetch');
    expect(await code(ring.license())).toBe('origin_unreachable');
  });

  it('asks the agent when the DMS cannot be reached', async () => {
    broken = new TypeError('Failed to fetch');
    const paths: string[] = [];
    const agent = {
      origin: 'http://127.0.0.1:7747',
      async fetch(path: string, init?: RequestInit) {
        paths.push(path);
        return issue(path.replace('/v1/trust', '/api/v1/trust'), init);
      },
    };
    route.useAgent(agent as never, 'granted');
    expect((await ring.license()).version).toBe(4);
    expect(paths.sort()).toEqual(['/v1/license', '/v1/trust']);
  });
});

describe('an address in the tree', () => {
  it('is read', () => {
    expect(segmentAddress('3/1/12.m4s')).toEqual({ version: 3, track: 1, segment: 12 });
    expect(segmentAddress('3/1/0.m4s')).toEqual({ version: 3, track: 1, segment: 0 });
  });

  it.each(['master.m3u8', '3/1/index.m3u8', '3/1/x.m4s', '3/1/-1.m4s', '/3/1/1.m4s', '3/1/1.m4s?x', '3/999999/1.m4s'])(
    '%s is not one of a segment',
    (rel) => {
      expect(segmentAddress(rel)).toBeNull();
    },
  );
});

describe('a route', () => {
  const agent = { origin: 'http://127.0.0.1:1' } as never;

  it('leaves an agent that is gone at once, one that fails after two in a row', () => {
    route.useAgent(agent, 'granted');
    route.agentFailed(agent, false);
    route.agentDelivered();
    route.agentFailed(agent, false);
    expect(route.current).toBe('agent');
    route.agentFailed(agent, false);
    expect(route.current).toBe('origin');
    route.useAgent(agent, 'agent_back');
    route.agentFailed(agent, true);
    expect(route.log.map(({ reason }) => reason)).toEqual(['granted', 'agent_lost', 'agent_back', 'agent_lost']);
  });

  it('ignores what an agent of before did', () => {
    const other = { origin: 'http://127.0.0.1:2' } as never;
    route.useAgent(other, 'granted');
    route.agentFailed(agent, true);
    expect(route.current).toBe('agent');
  });
});
