import { describe, expect, it } from 'vitest';
import { offload, rangeOf, rebuffering, rebufferTone, SPANS_MS, sumOf, timeline } from '../../src/api/delivery';
import { DRAWN_MAX, flowsOf, goodness, matrixOf } from '../../src/pages/network/flows';
import { obstaclesOf, type PathViews, sharesOf } from '../../src/pages/rollout/paths';
import { stacked } from '../../src/parts/chart-data';

const sums = { origin_bytes: 100, office_bytes: 50, nearby_bytes: 250, played_ms: 9_900, stalled_ms: 100, views: 2 };
const nothing = { origin_bytes: 0, office_bytes: 0, nearby_bytes: 0, played_ms: 0, stalled_ms: 0, views: 0 };

describe('deliveries', () => {
  it('are ratios only where there is something', () => {
    expect([offload(sums), offload(nothing)]).toEqual([0.75, null]);
    expect([rebuffering(sums), rebuffering(nothing)]).toEqual([0.01, null]);
    expect([0.0099, 0.01, 0.03, 0.031, null].map(rebufferTone)).toEqual(['ok', 'warn', 'warn', 'bad', 'quiet']);
    expect(sumOf([sums, sums])).toMatchObject({ origin_bytes: 200, views: 4 });
  });

  it('over time have gaps where nobody said anything, and no zeros', () => {
    const step = 60_000;
    const line = timeline({ from_ms: 0, until_ms: 3 * step, step_ms: step, steps: [{ at_ms: step, ...sums }] });
    expect(line.timesMs).toEqual([0, step, 2 * step]);
    expect(line.nearby).toEqual([null, 250 / 60, null]);
    expect(line.viewers).toEqual([null, 9_900 / 60_000, null]);
    expect(line.rebuffering).toEqual([null, 0.01, null]);
  });

  it('are of the time that the address says, or of the last hour', () => {
    expect(rangeOf({ from: '5', to: '9', span: '' })).toEqual({ kind: 'fixed', fromMs: 5, untilMs: 9 });
    for (const odd of [{ from: '9', to: '5', span: '' }, { from: 'x', to: '5', span: '7' }, { from: '5', to: '', span: '' }]) {
      expect(rangeOf(odd)).toEqual({ kind: 'live', spanMs: SPANS_MS[0] });
    }
    expect(rangeOf({ from: '', to: '', span: '86400000' })).toEqual({ kind: 'live', spanMs: 86_400_000 });
  });

  it('stand on one another, and a gap in all of them stays one', () => {
    const series = (values: (number | null)[]) => ({ label: '', color: '', values });
    expect(stacked([series([1, null, null]), series([2, 3, null])])).toEqual([[1, null, null], [3, 3, null]]);
  });
});

describe('paths of views', () => {
  const views = (path: PathViews['path'], reason: PathViews['reason'], count: number): PathViews => ({ path, reason, views: count });
  it('are shares, and what is in the way is named by how common it is', () => {
    const items = [
      views('agent', 'granted', 50),
      views('asked', 'granted', 10),
      views('origin', 'denied', 25),
      views('origin', 'agent_silent', 14),
      views('origin', 'agent_lost', 1),
    ];
    expect(sharesOf(items)).toEqual([
      { path: 'agent', views: 50, ratio: 0.5 },
      { path: 'asked', views: 10, ratio: 0.1 },
      { path: 'origin', views: 40, ratio: 0.4 },
    ]);
    expect(obstaclesOf(items)).toEqual([
      { obstacle: 'browser', ratio: 0.35 },
      { obstacle: 'no_agent', ratio: 0.14 },
    ]);
    expect([sharesOf([]), obstaclesOf([])]).toEqual([[], []]);
  });
});

describe('the matrix and the flows', () => {
  const ends = { origin: 'Origin', others: 'Others', overWan: 'WAN', office: 'Office', nearby: 'Nearby' };
  const site = (id: string, name: string, cap: number) => ({ id, name, peers: 4, wan_cap_now_bytes_per_second: cap });

  it('have a row for each site, and nothing where nothing is known', () => {
    const came = [{ site: 'a', name: 'Lyon', ...sums }, { site: null, name: null, ...sums }];
    const rows = matrixOf([site('a', 'Lyon', 50), site('b', 'Metz', 0)], came, 4_000, 'Nowhere');
    expect(rows.map(({ name, offload, use, peers }) => [name, offload, use, peers])).toEqual([
      ['Lyon', 0.75, 0.5, 4],
      ['Metz', null, null, 4],
      ['Nowhere', 0.75, null, null],
    ]);
    const [lyon, metz] = rows;
    expect(lyon && [goodness(lyon, 'offload', 8), goodness(lyon, 'use', 8), goodness(lyon, 'peers', 8)]).toEqual([0.75, 0.5, 0.5]);
    expect(metz && [goodness(metz, 'use', 8), goodness(metz, 'peers', 0)]).toEqual([null, 0]);
  });

  it('lead from the origin over the sites, the smallest together, and take no site for an end', () => {
    const named = (name: string) => ({ id: name, name, offload: null, use: null, peers: null, sums });
    expect(flowsOf([named('Nearby')], ends)).toEqual([
      { from: 'Origin', to: 'Nearby\u00a0', bytes: 100 },
      { from: 'Nearby\u00a0', to: 'WAN', bytes: 100 },
      { from: 'Nearby\u00a0', to: 'Office', bytes: 50 },
      { from: 'Nearby\u00a0', to: 'Nearby', bytes: 250 },
    ]);
    const many = flowsOf(Array.from({ length: DRAWN_MAX + 5 }, (_, n) => named(`Site ${n}`)), ends);
    expect(many).toHaveLength(4 * (DRAWN_MAX + 1));
    expect(many.find(({ from, to }) => from === 'Origin' && to === 'Others')?.bytes).toBe(500);
    expect(flowsOf([{ ...named('x'), sums: null }], ends)).toEqual([]);
  });
});
