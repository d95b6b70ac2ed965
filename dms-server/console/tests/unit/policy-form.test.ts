import { describe, expect, it } from 'vitest';
import { conflicts, fieldOf, type PolicyForm, remarks, toForm, toPolicy } from '../../src/pages/title/policy-form';
import { OPEN_POLICY, policyFor } from '../../src/uploads/policy';

const OPEN = toForm(OPEN_POLICY);

function form(change: Partial<PolicyForm>): PolicyForm {
  return { ...OPEN, ...change };
}

describe('the form of a policy', () => {
  it('gives back the policy that it was made of', () => {
    const policy = {
      audience: { groups: ['g'], people: ['p'] },
      places: { sites: ['s'], vpn: true },
      from_ms: Date.UTC(2026, 5, 1, 8, 30),
      until_ms: Date.UTC(2026, 5, 2, 8, 30),
      embargo_ms: null,
      max_height: 720,
      offline_days: 3,
      third_party_players: true,
      streams: 2,
      plan: { kind: 'rental' as const, seconds: 7200 },
      embed: ['https://intranet.example', 'https://wiki.example:8443'],
    };
    expect(toPolicy(toForm(policy))).toEqual(policy);
    expect(toPolicy(OPEN)).toMatchObject({ audience: null, places: null, streams: null, plan: { kind: 'free' } });
  });

  it('names what contradicts itself', () => {
    expect(conflicts(OPEN)).toEqual([]);
    expect(conflicts(form({ from: '2026-02-02T10:00', until: '2026-02-01T10:00' }))).toEqual(['ends_before_start']);
    expect(conflicts(form({ embargo: '2026-02-02T10:00', until: '2026-02-02T10:00' }))).toEqual(['embargo_after_end']);
    expect(conflicts(form({ places: 'within' }))).toEqual(['nowhere']);
    expect(conflicts(form({ places: 'within', vpn: true }))).toEqual([]);
    expect(conflicts(form({ plan: 'subscription' }))).toEqual(['no_collection']);
    expect(conflicts(form({ embed: '*' }))).toEqual([]);
    expect(conflicts(form({ embed: '*', audience: 'named', groups: ['g'] }))).toEqual(['embed_any']);
    expect(fieldOf('/embed/1')).toBe('embed');
  });

  it('has a word for what may be meant', () => {
    const now = Date.UTC(2026, 5, 1);
    expect(remarks(form({ audience: 'named' }), now)).toEqual(['nobody']);
    expect(remarks(form({ until: '2020-01-01T00:00' }), now)).toEqual(['over']);
    expect(remarks(OPEN, now)).toEqual([]);
  });

  it('finds the field that the server is speaking of', () => {
    expect(fieldOf('/audience/people/3')).toBe('people');
    expect(fieldOf('/audience')).toBe('groups');
    expect(fieldOf('/until_ms')).toBe('until');
    expect(fieldOf('/plan/collection')).toBe('collection');
    expect(fieldOf('/nothing')).toBeNull();
  });
});

describe('the policy of a new title', () => {
  it('is written only where it is not what a title has anyway', () => {
    expect(policyFor({ kind: 'everybody' }, 'me')).toBeNull();
    expect(policyFor({ kind: 'later', fromMs: 5 }, null)).toMatchObject({ from_ms: 5, audience: null });
    expect(policyFor({ kind: 'me' }, 'me')).toMatchObject({ audience: { groups: [], people: ['me'] } });
    expect(policyFor({ kind: 'me' }, null)).toMatchObject({ audience: { groups: [], people: [] } });
  });
});
