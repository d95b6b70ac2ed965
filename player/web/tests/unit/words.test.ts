import { describe, expect, it } from 'vitest';
import { ERROR_CODES, PageError, explain, toPageError } from '../../src/errors';
import { noBytes } from '../../src/net/sources';
import type { PathReason } from '../../src/net/path';
import { bitrate, bytes, clock, day, estimate } from '../../src/ui/format';
import { bytesSentence, pathSentence } from '../../src/watch/words';

describe('the error catalogue', () => {
  it.each(ERROR_CODES)('%s has a title and a sentence for people', (code) => {
    const { title, sentence } = explain(code);
    expect(title).toMatch(/^[A-Z][^.]+$/);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(sentence.length).toBeGreaterThan(30);
    expect(`${title} ${sentence}`).not.toMatch(/undefined|null|\bHTTP \d|exception|something went wrong/i);
    expect(code).toMatch(/^[a-z_]+$/);
  });

  it('names what it does not know', () => {
    const error = toPageError(new TypeError('x is not a function'));
    expect(error).toMatchObject({ code: 'unexpected', message: 'TypeError: x is not a function' });
    const known = new PageError('forbidden', 'no');
    expect(toPageError(known)).toBe(known);
    expect(toPageError('text').message).toBe('text');
  });
});

describe('numbers for people', () => {
  it('are short', () => {
    expect([0, 999, 1000, 12_345, 99_900, 1_200_000, 3.5e9].map(bytes)).toEqual([
      '0 bytes',
      '999 bytes',
      '1.0 kB',
      '12.3 kB',
      '100 kB',
      '1.2 MB',
      '3.5 GB',
    ]);
    expect([500_000, 4_250_000, 125_000_000].map(bitrate)).toEqual(['500 kbit/s', '4.3 Mbit/s', '125 Mbit/s']);
    expect([0, 59.9, 61, 3723].map(clock)).toEqual(['0:00', '0:59', '1:01', '1:02:03']);
    expect([3, 32, 90, 3500, 7200].map(estimate)).toEqual([
      'a few seconds',
      'about 35 s',
      'about 2 min',
      'about 1.0 h',
      'about 2.0 h',
    ]);
    const now = Date.UTC(2026, 10, 22, 12);
    expect(day(now, now)).toMatch(/^today at /);
    expect(day(Date.UTC(2020, 0, 15, 12), now)).toContain('2020');
  });
});

describe('sentences about the path', () => {
  const reasons: PathReason[] = [
    'granted',
    'not_gated',
    'ask_first',
    'refused_before',
    'denied',
    'agent_answers',
    'agent_silent',
    'agent_lost',
    'agent_back',
  ];

  it.each(reasons)('%s', (reason) => {
    expect(pathSentence('origin', reason, 'internet')).toMatch(/^From the video server: .+\.$/);
    expect(pathSentence('agent', reason, 'nearby')).toMatch(/\.$/);
    expect(pathSentence('agent', reason, null)).toMatch(/\.$/);
  });

  it('list only sources that gave something', () => {
    expect(bytesSentence(noBytes())).toBe('Nothing fetched yet');
    expect(bytesSentence({ cache: 0, peer: 2000, edge: 0, origin: 500 })).toBe(
      '2.0 kB from PCs nearby, 500 bytes from the internet',
    );
  });
});
