import { describe, expect, it } from 'vitest';
import { formOf, NEW_PROFILE, numbersOf } from '../../src/pages/settings/profile-form';
import { shares } from '../../src/pages/settings/room';
import { admits } from '../../src/session/session';

describe('the room of the store', () => {
  const bytes = { titles: 500, shared: 40, building: 20, waiting: 30, uploads: 900 };

  it('is shared out so that the parts are the whole disk', () => {
    const parts = shares({ bytes, room: { size_bytes: 2000, free_bytes: 1000 } });
    expect(parts.map(({ what, bytes: part }) => [what, part])).toEqual([
      ['titles', 500],
      ['building', 20],
      ['waiting', 30],
      ['other', 450],
      ['free', 1000],
    ]);
    expect(parts.reduce((sum, { bytes: part }) => sum + part, 0)).toBe(2000);
  });

  it('is never less than nothing, and only what is known where no disk can be asked', () => {
    const packed = shares({ bytes, room: { size_bytes: 1200, free_bytes: 1000 } });
    expect(packed.find(({ what }) => what === 'other')?.bytes).toBe(0);
    expect(shares({ bytes, room: null }).map(({ what }) => what)).toEqual(['titles', 'building', 'waiting']);
  });
});

describe('the form of a transcode profile', () => {
  it('is numbers, or says which fields are none', () => {
    expect(numbersOf(NEW_PROFILE, 'fix')).toEqual({ max_height: 720, bit_rate_percent: 100, max_frame_rate: 30, audio_kbit: 96 });
    const wrong = numbersOf({ ...NEW_PROFILE, max_height: '1e3', audio_kbit: '' }, 'fix');
    expect(wrong).toEqual([
      { pointer: '/max_height', code: 'not_a_number', fix: 'fix' },
      { pointer: '/audio_kbit', code: 'not_a_number', fix: 'fix' },
    ]);
    const stored = { id: 'a', name: 'Low', default: true, edition: 3, max_height: 360, bit_rate_percent: 80, max_frame_rate: 25, audio_kbit: 64 };
    expect(numbersOf(formOf(stored), 'fix')).toEqual({ max_height: 360, bit_rate_percent: 80, max_frame_rate: 25, audio_kbit: 64 });
  });
});

describe('a page', () => {
  it('admits who may one of the things that it asks for', () => {
    expect(admits(undefined, [])).toBe(true);
    expect(admits('settings', ['metrics'])).toBe(false);
    expect(admits(['settings', 'metrics'], ['metrics'])).toBe(true);
    expect(admits(['settings', 'metrics'], ['watch'])).toBe(false);
  });
});
