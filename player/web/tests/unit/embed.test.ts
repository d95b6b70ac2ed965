import { describe, expect, it } from 'vitest';
import { Listeners, MAX_LISTENERS, readCall, written } from '../../src/embed/messages';

const message = (changed: object) => JSON.stringify({ context: 'player.js', version: '0.0.11', ...changed });

describe('messages of the page around', () => {
  it.each([
    [{ method: 'play' }, { method: 'play' }],
    [{ method: 'getCurrentTime', listener: 'x' }, { method: 'getCurrentTime', listener: 'x' }],
    [{ method: 'setCurrentTime', value: 3.5 }, { method: 'setCurrentTime', seconds: 3.5 }],
    [
      { method: 'addEventListener', value: 'timeupdate' },
      { method: 'addEventListener', event: 'timeupdate', listener: null },
    ],
  ])('%j is understood', (sent, read) => {
    expect(readCall(message(sent))).toEqual(read);
    expect(readCall({ context: 'player.js', ...sent })).toEqual(read);
  });

  it.each([
    undefined,
    null,
    5,
    'not JSON',
    '[]',
    '{"method":"play"}',
    '{"context":"player.js","method":"toString"}',
    message({ method: 'setCurrentTime', value: '5' }),
    message({ method: 'setCurrentTime', value: -1 }),
    '{"context":"player.js","method":"setCurrentTime","value":1e999}',
    message({ method: 'addEventListener', value: '__proto__' }),
    message({ method: 'getPaused', listener: { toString: 1 } }),
    message({ method: 'getPaused', listener: 'x'.repeat(201) }),
    message({ method: 'play', more: 'x'.repeat(3000) }),
  ])('%j is passed over', (sent) => {
    expect(readCall(sent)).toBeNull();
  });

  it('are answered in the same shape', () => {
    expect(JSON.parse(written('getCurrentTime', 5, 'x'))).toEqual({
      context: 'player.js',
      version: '0.0.11',
      event: 'getCurrentTime',
      value: 5,
      listener: 'x',
    });
  });

  it('make no more listeners than there may be, each once', () => {
    const listeners = new Listeners();
    listeners.add('play', 'a');
    listeners.add('play', 'a');
    expect(listeners.of('play')).toEqual(['a']);
    for (let i = 0; i < 1000; i++) listeners.add('play', String(i));
    expect(listeners.of('play')).toHaveLength(MAX_LISTENERS);
    listeners.remove('play', 'a');
    expect(listeners.of('play')).not.toContain('a');
    listeners.remove('play', null);
    expect(listeners.of('play')).toEqual([]);
  });
});
