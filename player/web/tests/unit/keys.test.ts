import { describe, expect, it } from 'vitest';
import { type Key, allowed, commandFor } from '../../src/watch/keys';

function key(code: string, printed: string, modifiers: Partial<Key> = {}): Key {
  return { code, key: printed, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...modifiers };
}

const shift = { shiftKey: true };

describe('the keyboard map', () => {
  it.each([
    [key('Space', ' '), { do: 'toggle' }],
    [key('KeyK', 'k'), { do: 'toggle' }],
    [key('KeyJ', 'j'), { do: 'seek_by', seconds: -10 }],
    [key('KeyL', 'l'), { do: 'seek_by', seconds: 10 }],
    [key('ArrowLeft', 'ArrowLeft'), { do: 'seek_by', seconds: -5 }],
    [key('ArrowRight', 'ArrowRight'), { do: 'seek_by', seconds: 5 }],
    [key('ArrowUp', 'ArrowUp'), { do: 'volume', by: 0.05 }],
    [key('ArrowDown', 'ArrowDown'), { do: 'volume', by: -0.05 }],
    [key('Digit0', '0'), { do: 'seek_to', fraction: 0 }],
    [key('Digit9', '9'), { do: 'seek_to', fraction: 0.9 }],
    [key('Numpad5', '5'), { do: 'seek_to', fraction: 0.5 }],
    [key('Comma', ','), { do: 'frame', by: -1 }],
    [key('Period', '.'), { do: 'frame', by: 1 }],
    [key('Comma', '<', shift), { do: 'speed', by: -1 }],
    [key('Period', '>', shift), { do: 'speed', by: 1 }],
    [key('KeyM', 'm'), { do: 'mute' }],
    [key('KeyF', 'f'), { do: 'fullscreen' }],
    [key('KeyI', 'i'), { do: 'pip' }],
    [key('KeyC', 'c'), { do: 'captions' }],
    [key('KeyT', 't'), { do: 'transcript' }],
    [key('KeyP', 'p'), { do: 'chapter', by: -1 }],
    [key('KeyN', 'n'), { do: 'chapter', by: 1 }],
    [key('KeyS', 's'), { do: 'stats' }],
    [key('KeyD', 'D', { ctrlKey: true, shiftKey: true }), { do: 'stats' }],
    [key('Slash', '?', shift), { do: 'help' }],
  ])('%o', (pressed, command) => {
    expect(commandFor(pressed)).toEqual(command);
  });

  it.each([
    ['German ?', key('Minus', '?', shift), { do: 'help' }],
    ['German >', key('IntlBackslash', '>', shift), { do: 'speed', by: 1 }],
    ['French 5, typed with Shift as "5"', key('Digit5', '(', {}), { do: 'seek_to', fraction: 0.5 }],
    ['Russian k', key('KeyK', 'л'), { do: 'toggle' }],
    ['Russian m', key('KeyM', 'ь'), { do: 'mute' }],
    ['Russian ,', key('Comma', 'б'), { do: 'frame', by: -1 }],
    ['Greek speed', key('Period', '»', shift), { do: 'speed', by: 1 }],
    ['Dvorak k, at the place of US V', key('KeyV', 'k'), { do: 'toggle' }],
    ['Dvorak x, at the place of US B', key('KeyB', 'x'), null],
    ['Dvorak t, at the place of US K', key('KeyK', 't'), { do: 'transcript' }],
  ])('on other layouts: %s', (_, pressed, command) => {
    expect(commandFor(pressed)).toEqual(command);
  });

  it('leaves the browser its own keys', () => {
    expect(commandFor(key('KeyF', 'f', { ctrlKey: true }))).toBeNull();
    expect(commandFor(key('KeyL', 'l', { metaKey: true }))).toBeNull();
    expect(commandFor(key('ArrowLeft', 'ArrowLeft', { altKey: true }))).toBeNull();
    expect(commandFor(key('Tab', 'Tab'))).toBeNull();
    expect(commandFor(key('KeyQ', 'q'))).toBeNull();
  });
});

describe('what has the focus', () => {
  it('keeps its keys', () => {
    expect(allowed(key('KeyK', 'k'), 'typing')).toBe(false);
    expect(allowed(key('Space', ' '), 'button')).toBe(false);
    expect(allowed(key('KeyK', 'k'), 'button')).toBe(true);
    expect(allowed(key('ArrowLeft', 'ArrowLeft'), 'slider')).toBe(false);
    expect(allowed(key('KeyK', 'k'), 'slider')).toBe(true);
    expect(allowed(key('Space', ' '), 'other')).toBe(true);
  });
});
