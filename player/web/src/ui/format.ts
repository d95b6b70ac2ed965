/** Numbers and times as people read them. */

import { locale, number, t } from '../i18n/text';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

/** Bytes in decimal units: `12.3 MB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return number(value, digits, { style: 'unit', unit: UNITS[unit], unitDisplay: unit === 0 ? 'long' : 'short' });
}

/** Bits per second: `4.2 Mbit/s`. */
export function bitrate(bitsPerSecond: number): string {
  const mega = bitsPerSecond / 1_000_000;
  if (mega >= 99.5) return `${number(mega, 0)} Mbit/s`;
  return mega >= 1 ? `${number(mega, 1)} Mbit/s` : `${number(bitsPerSecond / 1000, 0)} kbit/s`;
}

/** A playing time: `1:02:03`, `4:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** How long something will take: `about 2 min`. */
export function estimate(seconds: number): string {
  if (seconds < 10) return t('a few seconds');
  if (seconds < 55) return t('about {n} s', { n: Math.ceil(seconds / 5) * 5 });
  if (seconds < 3300) return t('about {n} min', { n: Math.ceil(seconds / 60) });
  const hours = seconds / 3600;
  return t('about {n} h', { n: number(hours, hours < 10 ? 1 : 0) });
}

/** A moment as a date; the time of day too when it was today. */
export function day(ms: number, now = Date.now()): string {
  const date = new Date(ms);
  const today = new Date(now).toDateString() === date.toDateString();
  return today
    ? t('today at {time}', { time: date.toLocaleTimeString(locale(), { hour: 'numeric', minute: '2-digit' }) })
    : date.toLocaleDateString(locale(), { year: 'numeric', month: 'short', day: 'numeric' });
}

/** A moment as date and time of day, in the person's own time. */
export function moment(ms: number): string {
  const how: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };
  return new Date(ms).toLocaleString(locale(), how);
}

/** What is left until something: `2 days, 3 h`, `1:02:03`, `0:09`. */
export function remaining(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const days = Math.floor(seconds / 86_400);
  if (days === 0) return clock(seconds);
  const hours = Math.floor((seconds % 86_400) / 3600);
  return t('{n} day, {hours} h|{n} days, {hours} h', { n: days, hours });
}
