import { describe, expect, it } from 'vitest';
import {
  type PathFacts,
  type PathPlan,
  type Permission,
  isLoopbackHost,
  pageNetwork,
  planPath,
  readPermission,
} from '../../src/net/path';
import { inTheWay } from '../../src/watch/handoff';

const PERMISSIONS: Permission[] = ['granted', 'prompt', 'denied', 'absent'];

describe('the way around the browser', () => {
  it.each([
    ['ask_first', 'prompt', 'https:', true],
    ['refused_before', 'prompt', 'https:', true],
    ['denied', 'denied', 'http:', true],
    // No https page of such a browser reaches the PC; an http page that met silence met nobody.
    ['agent_silent', 'absent', 'https:', true],
    ['agent_silent', 'absent', 'http:', false],
    ['agent_silent', 'granted', 'https:', false],
    ['agent_lost', 'granted', 'https:', false],
    ['not_gated', 'absent', 'https:', false],
    [null, 'prompt', 'https:', false],
  ] as const)('%s with permission %s on %s: %s', (reason, permission, protocol, way) => {
    expect(inTheWay(reason, permission, protocol)).toBe(way);
  });
});

describe('the path ladder', () => {
  type Row = [PathFacts['permission'], PathFacts['page'], boolean, PathPlan['start'], boolean, PathPlan['reason']];
  // permission, page, refused before -> start, offer, reason
  const table: Row[] = [
    ['granted', 'public', false, 'probe', false, 'granted'],
    ['granted', 'public', true, 'probe', false, 'granted'],
    ['granted', 'intranet', false, 'probe', false, 'granted'],
    ['granted', 'intranet', true, 'probe', false, 'granted'],
    ['granted', 'loopback', false, 'probe', false, 'not_gated'],
    ['granted', 'loopback', true, 'probe', false, 'not_gated'],
    ['absent', 'public', false, 'probe', false, 'not_gated'],
    ['absent', 'public', true, 'probe', false, 'not_gated'],
    ['absent', 'intranet', false, 'probe', false, 'not_gated'],
    ['absent', 'intranet', true, 'probe', false, 'not_gated'],
    ['absent', 'loopback', false, 'probe', false, 'not_gated'],
    ['absent', 'loopback', true, 'probe', false, 'not_gated'],
    ['prompt', 'public', false, 'origin', true, 'ask_first'],
    ['prompt', 'public', true, 'origin', false, 'refused_before'],
    ['prompt', 'intranet', false, 'probe', false, 'not_gated'],
    ['prompt', 'intranet', true, 'probe', false, 'not_gated'],
    ['prompt', 'loopback', false, 'probe', false, 'not_gated'],
    ['prompt', 'loopback', true, 'probe', false, 'not_gated'],
    ['denied', 'public', false, 'origin', false, 'denied'],
    ['denied', 'public', true, 'origin', false, 'denied'],
    ['denied', 'intranet', false, 'origin', false, 'denied'],
    ['denied', 'intranet', true, 'origin', false, 'denied'],
    ['denied', 'loopback', false, 'probe', false, 'not_gated'],
    ['denied', 'loopback', true, 'probe', false, 'not_gated'],
  ];

  it.each(table)('%s on a %s page, refused before: %s -> %s', (permission, page, refused, start, offer, reason) => {
    expect(planPath({ permission, page, refused })).toEqual({ start, offer, reason });
  });

  it('never probes unasked where the browser would ask', () => {
    for (const refused of [true, false]) {
      expect(planPath({ permission: 'prompt', page: 'public', refused }).start).toBe('origin');
    }
  });

  it('offers only what a click can change', () => {
    for (const permission of PERMISSIONS) {
      for (const page of ['loopback', 'intranet', 'public'] as const) {
        const plan = planPath({ permission, page, refused: false });
        expect(plan.offer && (permission !== 'prompt' || plan.start === 'probe')).toBe(false);
      }
    }
  });
});

describe('where the page is', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['localhost', true],
    ['dms.localhost', true],
    ['[::1]', true],
    ['10.0.0.1', false],
    ['127.0.0.1.example.com', false],
    ['localhost.example.com', false],
    ['example.com', false],
  ])('%s is loopback: %s', (host, loopback) => {
    expect(isLoopbackHost(host)).toBe(loopback);
  });

  it('is an intranet only when declared, and public whenever asked', () => {
    expect(pageNetwork('127.0.0.1', 'auto', null)).toBe('loopback');
    expect(pageNetwork('dms.corp.example', 'auto', null)).toBe('public');
    expect(pageNetwork('dms.corp.example', 'intranet', null)).toBe('intranet');
    expect(pageNetwork('dms.corp.example', null, 'intranet')).toBe('public');
    expect(pageNetwork('127.0.0.1', 'auto', 'public')).toBe('public');
    expect(pageNetwork('127.0.0.1', 'public', null)).toBe('public');
  });
});

describe("the browser's permission", () => {
  const permissions = (answers: Record<string, PermissionState>) =>
    ({
      query: ({ name }: { name: string }) => {
        const state = answers[name];
        return state ? Promise.resolve({ state }) : Promise.reject(new TypeError(name));
      },
    }) as unknown as Permissions;

  it('is read by its new name, then by its old one', async () => {
    const both = { 'loopback-network': 'granted', 'local-network-access': 'denied' } as const;
    expect(await readPermission(permissions(both))).toBe('granted');
    expect(await readPermission(permissions({ 'local-network-access': 'prompt' }))).toBe('prompt');
  });

  it('is absent in browsers that know neither', async () => {
    expect(await readPermission(permissions({}))).toBe('absent');
    expect(await readPermission(undefined)).toBe('absent');
  });
});
