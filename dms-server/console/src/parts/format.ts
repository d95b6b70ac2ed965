/** Numbers for people, in their language. Pure: the language is an input. */

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

/** Formats cost more to make than to use, and a list uses a few of them in every row. */
function kept<Options, Format>(make: (locale: string, options: Options) => Format): (locale: string, options: Options) => Format {
  const made = new Map<string, Format>();
  return (locale, options) => {
    const key = locale + JSON.stringify(options);
    const known = made.get(key);
    if (known) return known;
    const format = make(locale, options);
    made.set(key, format);
    return format;
  };
}

const numbers = kept((locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options));
const moments = kept((locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options));
const spans = kept((locale, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(locale, options));

/** 1536 -> "1.5 kB". */
export function bytes(count: number, locale: string): string {
  const step = count < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** step;
  const digits = step === 0 || value >= 100 ? 0 : 1;
  const style = { style: 'unit', unit: UNITS[step] ?? 'byte', unitDisplay: step === 0 ? 'long' : 'short' } as const;
  return numbers(locale, { ...style, maximumFractionDigits: digits }).format(value);
}

/** 0.4231 -> "42%". */
export function percent(ratio: number, locale: string, digits = 0): string {
  return numbers(locale, { style: 'percent', maximumFractionDigits: digits }).format(ratio);
}

/** 12345 -> "12,345". */
export function count(value: number, locale: string): string {
  return numbers(locale, { maximumFractionDigits: 1 }).format(value);
}

/** 83_000 -> "1:23", as players show it. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/** Seconds -> "2 min 5 sec", no more than two units; what people wait for is no more exact. */
export function span(seconds: number, locale: string): string {
  const whole = Math.max(0, Math.round(seconds));
  const unit = (value: number, name: 'hour' | 'minute' | 'second' | 'day') =>
    numbers(locale, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  if (whole < 60) return unit(whole, 'second');
  if (whole < 3600) return join(unit(Math.floor(whole / 60), 'minute'), whole % 60 && unit(whole % 60, 'second'));
  if (whole < 86_400) return join(unit(Math.floor(whole / 3600), 'hour'), unit(Math.floor((whole % 3600) / 60), 'minute'));
  return join(unit(Math.floor(whole / 86_400), 'day'), unit(Math.floor((whole % 86_400) / 3600), 'hour'));
}

function join(first: string, second: string | 0): string {
  return second === 0 || /^0\D/.test(second) ? first : `${first} ${second}`;
}

const SPANS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** "5 minutes ago", "in 2 hours". */
export function relative(atMs: number, nowMs: number, locale: string): string {
  const seconds = (atMs - nowMs) / 1000;
  const format = spans(locale, { numeric: 'auto' });
  for (const [unit, length] of SPANS) {
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit);
  }
  return Math.abs(seconds) < 10 ? format.format(0, 'second') : format.format(Math.trunc(seconds), 'second');
}

/** The whole date and time, with its zone. */
export function absolute(atMs: number, locale: string, zone?: 'UTC'): string {
  const options = { dateStyle: 'medium', timeStyle: 'medium', ...(zone && { timeZone: zone }) } as const;
  const text = moments(locale, options).format(atMs);
  return zone ? `${text} UTC` : text;
}
