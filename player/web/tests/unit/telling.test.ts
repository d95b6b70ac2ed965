import { describe, expect, it } from 'vitest';
import { noBytes } from '../../src/net/sources';
import type { PathChange } from '../../src/play/route';
import { reportOf, viewPath } from '../../src/play/telling';

const change = (to: PathChange['to'], reason: PathChange['reason']): PathChange => ({ to, reason, atMs: 0 });

describe('what a view tells of its delivery', () => {
  it('names the path that it takes now, and whether the person was asked', () => {
    expect(viewPath([], false)).toBe('origin');
    expect(viewPath([change('origin', 'denied')], false)).toBe('origin');
    expect(viewPath([change('agent', 'granted')], false)).toBe('agent');
    expect(viewPath([change('agent', 'not_gated')], true)).toBe('agent_page');
    expect(viewPath([change('origin', 'ask_first'), change('agent', 'granted')], false)).toBe('asked');
    expect(viewPath([change('agent', 'granted'), change('origin', 'agent_lost')], true)).toBe('origin');
  });

  it('is what came since the last time, and begins once', () => {
    const log = [change('agent', 'granted')];
    const first = { bytes: { cache: 1, peer: 2, edge: 4, origin: 8 }, playedMs: 5_000.4, stalledMs: 100 };
    const begun = reportOf('t', log, false, null, first);
    expect(begun).toEqual({
      title: 't',
      began: true,
      path: 'agent',
      reason: 'granted',
      origin_bytes: 8,
      office_bytes: 4,
      nearby_bytes: 3,
      played_ms: 5_000,
      stalled_ms: 100,
    });
    const second = { bytes: { ...first.bytes, peer: 12 }, playedMs: 9_000, stalledMs: 100 };
    expect(reportOf('t', log, false, first, second)).toMatchObject({ began: false, nearby_bytes: 10, origin_bytes: 0, stalled_ms: 0 });
    expect(reportOf('t', log, false, second, second)).toBeNull();
    expect(reportOf('t', [], false, null, first)).toBeNull();
    expect(reportOf('t', log, false, null, { bytes: noBytes(), playedMs: 0, stalledMs: 0 })).toBeNull();
  });
});
