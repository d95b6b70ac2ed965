import { describe, expect, it } from 'vitest';
import { bytes, clock, percent, relative, span } from '../../src/parts/format';

describe('numbers for people', () => {
  it('says sizes with the unit that fits', () => {
    expect(bytes(0, 'en')).toBe('0 bytes');
    expect(bytes(999, 'en')).toBe('999 bytes');
    expect(bytes(1536, 'en')).toBe('1.5 kB');
    expect(bytes(123_456_789, 'en')).toBe('123 MB');
    expect(bytes(1_500_000_000, 'de')).toBe('1,5\u00a0GB');
    expect(bytes(9e18, 'en')).toBe('9,000 PB');
  });

  it('says how long', () => {
    expect(span(5, 'en')).toBe('5 sec');
    expect(span(65, 'en')).toBe('1 min 5 sec');
    expect(span(3600, 'en')).toBe('1 hr');
    expect(span(90_000, 'en')).toBe('1 day 1 hr');
    expect(span(-3, 'en')).toBe('0 sec');
  });

  it('says how long ago', () => {
    const now = Date.UTC(2026, 0, 10);
    expect(relative(now - 3_000, now, 'en')).toBe('now');
    expect(relative(now - 90_000, now, 'en')).toBe('1 minute ago');
    expect(relative(now + 7_300_000, now, 'en')).toBe('in 2 hours');
    expect(relative(now - 86_400_000, now, 'en')).toBe('yesterday');
  });

  it('says playing times and shares', () => {
    expect(clock(5_290)).toBe('0:05');
    expect(clock(3_723_000)).toBe('1:02:03');
    expect(percent(0.4231, 'en')).toBe('42%');
  });
});
