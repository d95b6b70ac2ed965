import { describe, expect, it } from 'vitest';
import { agentOrigin } from '../../src/net/agent';
import { codeOf, parseTitle, parseTrust, problem } from '../../src/net/api';
import { RecentSources, nearness, noBytes, parseSource, totalBytes } from '../../src/net/sources';
import { readAddress } from '../../src/watch/address';

describe("an agent's address", () => {
  it.each([
    ['http://127.0.0.1:7747', 'http://127.0.0.1:7747'],
    ['http://127.1.0.1:7747', 'http://127.1.0.1:7747'],
    ['http://127.255.255.254:1', 'http://127.255.255.254:1'],
    ['http://127.0.0.1:7747/', 'http://127.0.0.1:7747'],
    ['http://[::1]:7747', 'http://[::1]:7747'],
  ])('%s is accepted', (text, origin) => {
    expect(agentOrigin(text)).toBe(origin);
  });

  it.each([
    '',
    'http://localhost:7747',
    'http://127.0.0.1',
    'http://127.0.0.1:0',
    'http://127.0.0.1:99999',
    'https://127.0.0.1:7747',
    'http://127.0.0.1:7747/x',
    'http://127.0.0.1:7747?x',
    'http://127.0.0.1:7747#x',
    'http://user@127.0.0.1:7747',
    'http://127.0.0.1:7747@example.com:80',
    'http://127.0.0.1.example.com:7747',
    'http://127.0.0.999:7747',
    'http://0x7f.0.0.1:7747',
    'http://2130706433:7747',
    'http://127.1:7747',
    'http://10.0.0.1:7747',
    'http://169.254.169.254:80',
    'http://[::ffff:127.0.0.1]:7747',
    'http://[::2]:7747',
    'javascript:alert(1)',
    '//127.0.0.1:7747',
  ])('%s is refused', (text) => {
    expect(agentOrigin(text)).toBeNull();
  });
});

describe('dms-source', () => {
  it('is read as bytes by source', () => {
    const read = parseSource('cache=100;peer=20;origin=3', 123);
    expect(read).toEqual({ cache: 100, peer: 20, edge: 0, origin: 3 });
  });

  it('may name one source for all', () => {
    expect(parseSource('peer', 50)).toEqual({ ...noBytes(), peer: 50 });
  });

  it.each([null, '', 'nonsense', 'peer=-5', 'peer=1e99', 'peer=x', ';;', '__proto__=5', 'constructor=5'])(
    'that says nothing usable (%s) counts as origin',
    (header) => {
      expect(parseSource(header, 50)).toEqual({ ...noBytes(), origin: 50 });
    },
  );

  it('that does not account for all leaves the rest to the origin', () => {
    expect(parseSource('cache=10', 50)).toEqual({ ...noBytes(), cache: 10, origin: 40 });
  });

  it('decides the chip', () => {
    expect(nearness({ ...noBytes(), cache: 5, peer: 5, origin: 9 })).toBe('nearby');
    expect(nearness({ ...noBytes(), cache: 5, origin: 9 })).toBe('internet');
    expect(nearness({ ...noBytes(), peer: 5, origin: 5 })).toBe('nearby');
    expect(nearness({ ...noBytes(), edge: 9, origin: 5 })).toBe('office');
    expect(nearness(noBytes())).toBe('internet');
  });

  it('decides it by the last segments only', () => {
    const recent = new RecentSources();
    expect(recent.nearness()).toBeNull();
    recent.add({ ...noBytes(), origin: 1_000_000 });
    expect(recent.nearness()).toBe('internet');
    for (let i = 0; i < RecentSources.WINDOW; i++) recent.add({ ...noBytes(), peer: 10 });
    expect(recent.nearness()).toBe('nearby');
  });

  it('adds up', () => {
    expect(totalBytes({ cache: 1, peer: 2, edge: 3, origin: 4 })).toBe(10);
  });
});

describe("the API's answers", () => {
  it('become a title, whatever is missing', () => {
    expect(parseTitle({ id: 'a', title: 'T', state: 'transcoding', progress_percent: 4.5 })).toMatchObject({
      state: 'transcoding',
      progress: 4.5,
      etaSeconds: null,
      error: null,
    });
    expect(parseTitle(null)).toMatchObject({ title: 'Untitled', state: 'queued', kind: 'video' });
    expect(parseTitle({ state: 'constructor' }).state).toBe('queued');
    expect(parseTitle({ state: 'failed', error: { code: 'not_video', message: 'No.' } }).error).toEqual({
      code: 'not_video',
      message: 'No.',
    });
  });

  it('become trusted keys only when there are some', () => {
    const key = 'ab'.repeat(32);
    expect(parseTrust({ tenant: 't', license_keys: [key, 'short', 7] }).licenseKeys).toHaveLength(1);
    expect(() => parseTrust({ tenant: 't', license_keys: [] })).toThrow('no key');
    expect(() => parseTrust({ license_keys: [key] })).toThrow('no key');
    expect(() => parseTrust(null)).toThrow('no key');
  });

  it('tell why a policy says no, and nothing else of theirs', async () => {
    const answer = (code: string) => Response.json({ code, detail: 'Wait until it is released.' }, { status: 403 });
    expect((await problem(answer('embargo'), '/x')).said).toBe('Wait until it is released.');
    expect((await problem(answer('forbidden'), '/x')).said).toBeNull();
  });

  it.each([
    [401, 'signed_out'],
    [403, 'forbidden'],
    [404, 'title_not_found'],
    [413, 'upload_too_large'],
    [429, 'too_many_requests'],
    [500, 'server_error'],
    [503, 'origin_unreachable'],
    [418, 'server_error'],
  ])('with status %i are named %s', (status, code) => {
    expect(codeOf(status, null)).toBe(code);
  });
});

describe("the page's address", () => {
  const title = '00112233-4455-6677-8899-aabbccddeeff';
  const read = (rest: string) => readAddress(new URL(`http://dms.example/watch/${rest}`));

  it('names the title', () => {
    expect(read(title).title).toBe(title);
    expect(read(`${title}/`).title).toBe(title);
    expect(read(title.toUpperCase()).title).toBe(title);
    expect(read('').title).toBeNull();
    expect(read('x').title).toBeNull();
    expect(read(`${title}/more`).title).toBeNull();
  });

  it('may say where to start and which agent to use', () => {
    expect(read(`${title}?at=93.5`).at).toBe(93.5);
    expect(read(`${title}?at=-1`).at).toBeNull();
    expect(read(`${title}?at=x`).at).toBeNull();
    expect(read(`${title}?agent=http://127.1.0.2:7747`).agent).toBe('http://127.1.0.2:7747');
    expect(read(`${title}?agent=http://evil.example:80`).agent).toBe('http://127.0.0.1:7747');
    expect(read(`${title}?debug=hashes`).hashes).toBe(true);
  });
});
