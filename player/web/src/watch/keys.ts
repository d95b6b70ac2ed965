/** The keyboard map. Pure: an event in, a command out. */

/** What a key asks for. */
export type Command =
  | { readonly do: 'toggle' | 'mute' | 'fullscreen' | 'pip' | 'captions' | 'transcript' | 'stats' | 'help' }
  | { readonly do: 'seek_by'; readonly seconds: number }
  | { readonly do: 'seek_to'; readonly fraction: number }
  | { readonly do: 'volume'; readonly by: number }
  | { readonly do: 'frame'; readonly by: 1 | -1 }
  | { readonly do: 'speed'; readonly by: 1 | -1 }
  | { readonly do: 'chapter'; readonly by: 1 | -1 };

/** The part of a keyboard event that matters. */
export interface Key {
  readonly code: string;
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const LETTERS: Record<string, Command> = {
  k: { do: 'toggle' },
  j: { do: 'seek_by', seconds: -10 },
  l: { do: 'seek_by', seconds: 10 },
  m: { do: 'mute' },
  f: { do: 'fullscreen' },
  i: { do: 'pip' },
  c: { do: 'captions' },
  t: { do: 'transcript' },
  p: { do: 'chapter', by: -1 },
  n: { do: 'chapter', by: 1 },
  s: { do: 'stats' },
};

const CODES: Record<string, Command> = {
  Space: { do: 'toggle' },
  ArrowLeft: { do: 'seek_by', seconds: -5 },
  ArrowRight: { do: 'seek_by', seconds: 5 },
  ArrowUp: { do: 'volume', by: 0.05 },
  ArrowDown: { do: 'volume', by: -0.05 },
};

/** Punctuation by what it prints, which holds on every layout that has it. */
const SIGNS: Record<string, Command> = {
  '?': { do: 'help' },
  '<': { do: 'speed', by: -1 },
  '>': { do: 'speed', by: 1 },
  ',': { do: 'frame', by: -1 },
  '.': { do: 'frame', by: 1 },
};

/** The command of a key; null when it has none. */
export function commandFor(key: Key): Command | null {
  if (key.ctrlKey && key.shiftKey && key.code === 'KeyD') return { do: 'stats' };
  if (key.ctrlKey || key.altKey || key.metaKey) return null;
  const sign = SIGNS[key.key];
  if (sign) return sign;
  const plain = CODES[key.code];
  if (plain && !key.shiftKey) return plain;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(key.code)?.[1];
  if (digit !== undefined && !key.shiftKey) return { do: 'seek_to', fraction: Number(digit) / 10 };
  // A Latin layout means the letter it prints; on any other the key's place on a US keyboard counts.
  const letter = /^[a-z]$/i.test(key.key)
    ? key.key.toLowerCase()
    : /^Key([A-Z])$/.exec(key.code)?.[1]?.toLowerCase();
  const known = letter !== undefined && !key.shiftKey ? LETTERS[letter] : undefined;
  return known ?? otherLayout(key);
}

/** Punctuation by place, for layouts that print something else there. */
function otherLayout({ code, key, shiftKey }: Key): Command | null {
  if (/^[ -~]$/.test(key)) return null;
  if (code === 'Comma') return shiftKey ? { do: 'speed', by: -1 } : { do: 'frame', by: -1 };
  if (code === 'Period') return shiftKey ? { do: 'speed', by: 1 } : { do: 'frame', by: 1 };
  if (code === 'Slash' && shiftKey) return { do: 'help' };
  return null;
}

/** What the element that has the focus keeps for itself. */
export type Focus = 'typing' | 'button' | 'slider' | 'other';

/** Whether `command` is the page's although `focus` has the keyboard. */
export function allowed(key: Key, focus: Focus): boolean {
  if (focus === 'typing') return false;
  if (focus === 'button') return key.code !== 'Space' && key.code !== 'Enter';
  if (focus === 'slider') return !key.code.startsWith('Arrow');
  return true;
}

/** The sheet that `?` opens; what keys do is a text. */
export const KEY_SHEET: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['Space', 'K'], 'Play or pause'],
  [['J', 'L'], 'Back or forward 10 seconds'],
  [['←', '→'], 'Back or forward 5 seconds'],
  [['↑', '↓'], 'Louder or quieter'],
  [['0', '…', '9'], 'Go to that tenth of the video'],
  [[',', '.'], 'One picture back or forward, while paused'],
  [['<', '>'], 'Slower or faster'],
  [['M'], 'Sound off or on'],
  [['C'], 'Captions'],
  [['T'], 'Transcript'],
  [['P', 'N'], 'Chapter before or after'],
  [['F'], 'Full screen'],
  [['I'], 'Picture in picture'],
  [['S'], 'Statistics'],
  [['?'], 'This list'],
];
