/** Times of cues and chapters as people write them. Pure. */

/** The greatest time that the server takes, ms. */
export const TIME_MAX_MS = 1000 * 3_600_000 - 1;

const two = (value: number) => String(value).padStart(2, '0');

/** 83_250 -> "00:01:23.250". */
export function stamp(ms: number): string {
  const s = Math.floor(ms / 1000);
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}.${String(ms % 1000).padStart(3, '0')}`;
}

/** "1:23.25", "01:02:03,5" and "83.2" -> ms; null: this is no time. */
export function readStamp(text: string): number | null {
  const found = /^(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,6})(?:[.,](\d{1,3}))?$/.exec(text.trim());
  if (!found) return null;
  const [, hours = '0', minutes, seconds = '0', millis = ''] = found;
  if (minutes !== undefined && (Number(minutes) > 59 || Number(seconds) > 59)) return null;
  const ms = (Number(hours) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds)) * 1000 + Number(millis.padEnd(3, '0'));
  return ms <= TIME_MAX_MS ? ms : null;
}
