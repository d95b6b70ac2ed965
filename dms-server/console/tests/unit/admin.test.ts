import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/api/devices';
import { campaignBody, USUAL as CAMPAIGN } from '../../src/pages/campaigns/campaign-form';
import { progress } from '../../src/pages/campaigns/progress';
import { narrowed } from '../../src/pages/network/narrow';
import { bodyOf, NO_SITE, subnetsOf } from '../../src/pages/network/site-form';
import { dayName, hoursFormOf, minutesOf, OFFICE, offsetName, readHours, shade, weekOf } from '../../src/pages/network/week';
import { commands, isLoopback } from '../../src/pages/rollout/commands';
import { policyJson, policyPlist, policyReg } from '../../src/pages/rollout/policies';
import { tokenBody, USUAL as TOKEN } from '../../src/pages/rollout/token-form';
import { belongs } from '../../src/parts/pointers';
import { fromMbit, rate, toMbit } from '../../src/parts/rates';

const say = ({ message, id }: { message?: string; id: string }) => message ?? id;

describe('rates', () => {
  it.each([
    ['', 0],
    ['50', 6_250_000],
    ['12,5', 1_562_500],
    ['1000000', 125_000_000_000],
    ['1000001', null],
    ['-1', null],
    ['1e3', null],
    ['fast', null],
  ])('%s Mbit/s', (text, bytes) => expect(fromMbit(text)).toBe(bytes));

  it('come back as they were typed, and read in the language', () => {
    for (const text of ['', '50', '12.5']) expect(toMbit(fromMbit(text) ?? -1)).toBe(text);
    expect(rate(1_562_500, 'de')).toBe('12,5 Mbit/s');
  });
});

describe('a site that is typed', () => {
  it('takes subnets however they are separated', () => {
    expect(subnetsOf(' 10.0.0.0/8\n10.1.0.0/16, fd00::/32;\t|')).toEqual(['10.0.0.0/8', '10.1.0.0/16', 'fd00::/32']);
  });

  it('has no body when its cap is no rate', () => {
    const lyon = { ...NO_SITE, name: 'Lyon', subnets: '10.0.0.0/8', peering: 'off', mbit: '8' };
    expect(bodyOf({ ...lyon, mbit: 'fast' })).toBe('/wan_cap_bytes_per_second');
    const hours = { offset: 60, windows: [OFFICE, { ...OFFICE, mbit: 'fast' }] };
    expect(bodyOf({ ...lyon, hours })).toBe('/wan_hours/windows/1/wan_cap_bytes_per_second');
    expect(bodyOf(lyon)).toEqual({
      name: 'Lyon',
      subnets: ['10.0.0.0/8'],
      peering: 'off',
      wan_cap_bytes_per_second: 1_000_000,
      wan_hours: { utc_offset_minutes: 0, windows: [] },
    });
  });

  it('has hours whose week is whole, over midnight and over Sunday', () => {
    const night = { days: ['sun'] as const, from: '22:00', until: '06:00', mbit: '' };
    const week = weekOf(6_250_000, [OFFICE, night]);
    const parts = (day: number) => week[day]?.map(({ from, until, cap, isWindow }) => [from / 60, until / 60, cap, isWindow]);
    expect(parts(0)).toEqual([
      [0, 6, 0, true],
      [6, 8, 6_250_000, false],
      [8, 18, 1_250_000, true],
      [18, 24, 6_250_000, false],
    ]);
    expect(parts(5)).toEqual([[0, 24, 6_250_000, false]]);
    expect(parts(6)).toEqual([[0, 22, 6_250_000, false], [22, 24, 0, true]]);
    for (const parts of week) {
      expect(parts.reduce((sum, { from, until }) => sum + until - from, 0)).toBe(24 * 60);
    }
    expect(weekOf(0, [{ ...OFFICE, from: '8' }]).every((parts) => parts.length === 1)).toBe(true);
    expect([shade(0, week), shade(1_250_000, week), shade(6_250_000, week)]).toEqual([0, 1, 0.25]);
    const hours = readHours({ offset: 60, windows: [OFFICE, night] });
    expect(typeof hours === 'number' ? hours : hoursFormOf(hours)).toEqual({ offset: 60, windows: [OFFICE, night] });
    expect(['24:00', '0:05', '24:01', '8', '1:60'].map(minutesOf)).toEqual([1440, 5, null, null, null]);
    expect([offsetName(-330), offsetName(60), dayName(0, 'en', 'short'), dayName(6, 'de', 'long')]).toEqual([
      'UTC−05:30', 'UTC+01:00', 'Mon', 'Sonntag',
    ]);
  });

  it('has a problem at its own input only', () => {
    expect(belongs('/subnets/3', '/subnets')).toBe(true);
    expect(belongs('/subnets_more', '/subnets')).toBe(false);
  });
});

describe('an enrolment token that is typed', () => {
  it('is in seconds', () => {
    expect(tokenBody(TOKEN, say)).toEqual({ body: { uses: 1, ttl_seconds: 900, long_lived: false } });
  });

  it.each([
    [{ uses: 'x' }, ['/uses']],
    [{ minutes: '' }, ['/ttl_seconds']],
    [{ uses: '1.5', minutes: '99999999999' }, ['/uses', '/ttl_seconds']],
    [{ minutes: '4294967295' }, ['/ttl_seconds']],
  ])('%j is wrong at %j', (change, pointers) => {
    const read = tokenBody({ ...TOKEN, ...change }, say);
    expect('wrong' in read && read.wrong.map(({ pointer }) => pointer)).toEqual(pointers);
  });
});

describe('a campaign that is typed', () => {
  it('names all that is missing', () => {
    const read = campaignBody({ ...CAMPAIGN, copies: 'many', deadline: 'tomorrow' }, say);
    const pointers = 'wrong' in read ? read.wrong.map(({ pointer }) => pointer) : [];
    expect(pointers).toEqual(['/title', '/replicas', '/deadline_ms']);
  });

  it('is for every site, or for those that are chosen', () => {
    const read = campaignBody({ ...CAMPAIGN, title: 't' }, say);
    expect(read).toEqual({ body: { title: 't', sites: null, replicas: 2 } });
    const some = campaignBody({ ...CAMPAIGN, title: 't', everywhere: false, sites: ['s'] }, say);
    expect('body' in some && some.body.sites).toEqual(['s']);
  });

  it('has no progress before it runs', () => {
    expect(progress([{ chunks: 0, chunks_complete: 0 }])).toBeNull();
    expect(progress([])).toBeNull();
    expect(progress([{ chunks: 3, chunks_complete: 0 }, { chunks: 1, chunks_complete: 1 }])).toBe(0.25);
  });
});

describe('the lines of a roll-out', () => {
  it('keep the token out of the arguments', () => {
    const { enrol } = commands('https://dms.example.com', 'dms_enroll_x', true);
    expect(enrol).toContain('edge-peer enroll --dms https://dms.example.com --token-file token --dms-ca ca.pem');
    expect(enrol.split('\n').filter((line) => line.startsWith('edge-peer')).join()).not.toContain('dms_enroll_x');
  });

  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['dms.example.com', false],
    ['127.example.com', false],
  ])('%s is only this computer: %s', (host, is) => expect(isLoopback(host)).toBe(is));

  it('have policies that other programs read', () => {
    const origin = 'https://dms.example.com';
    expect(JSON.parse(policyJson(origin))).toEqual({
      LoopbackNetworkAllowedForUrls: [origin],
      LocalNetworkAccessAllowedForUrls: [origin],
    });
    expect(policyReg(origin, 'edge')).toContain(
      '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Edge\\LoopbackNetworkAllowedForUrls]\r\n"1"="https://dms.example.com"\r\n',
    );
    expect(policyPlist('https://a.example/?b&c')).toContain('<string>https://a.example/?b&amp;c</string>');
  });
});

describe('a list of devices', () => {
  const peer = (site: string | null) => ({
    site,
    listen: '10.0.0.1:7745',
    agent: '0.1.0',
    sharing: 'on',
    weight: 50,
    cached_bytes: 0,
    from_origin_bytes: 0,
    from_peers_bytes: 0,
    to_peers_bytes: 0,
  });
  const device = (id: string, site: string | null | undefined): Device => ({
    id,
    name: `PC ${id}`,
    kind: 'edge_peer',
    state: site === undefined ? 'offline' : 'online',
    enrolled_ms: 0,
    certificate_expires_ms: 0,
    peer: site === undefined ? null : peer(site),
  });
  const all = [device('a', 'lyon'), device('b', null), device('c', undefined)];
  const ids = (...rest: [string, string, string]) => narrowed(all, ...rest, new Set()).map(({ id }) => id);

  it('is narrowed by text, state and site', () => {
    expect(narrowed(all, '', 'any', 'any', new Set())).toBe(all);
    expect(ids('pc B', 'any', 'any')).toEqual(['b']);
    expect(ids('', 'offline', 'any')).toEqual(['c']);
    expect(ids('', 'any', 'none')).toEqual(['b']);
    expect(ids('', 'any', 'lyon')).toEqual(['a']);
    expect(narrowed(all, '', 'any', 'any', new Set(['a'])).map(({ id }) => id)).toEqual(['b', 'c']);
  });
});
