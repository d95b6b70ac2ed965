/** Hours of the week with another WAN cap: what somebody types, what it stands for, and when which cap holds. Pure. */

import type { Schema } from '~/api/client';
import { fromMbit, toMbit } from '~/parts/rates';

export type Day = Schema<'Day'>;
export type Hours = Schema<'WanHours'>;

export const DAYS: readonly Day[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** The most windows; the server has the same. */
export const WINDOWS_MAX = 50;

const DAY = 24 * 60;

/** A window as it is typed. */
export interface WindowForm {
  readonly days: readonly Day[];
  readonly from: string;
  readonly until: string;
  /** Empty: no cap. */
  readonly mbit: string;
}

export interface HoursForm {
  /** Minutes east of UTC. */
  readonly offset: number;
  readonly windows: readonly WindowForm[];
}

/** What a new window is at first. */
export const OFFICE: WindowForm = { days: DAYS.slice(0, 5), from: '08:00', until: '18:00', mbit: '10' };

/** The name of a week's day, Monday is 0, in the language of the page. */
export function dayName(day: number, locale: string, width: 'short' | 'long'): string {
  // 5 January 1970 was a Monday.
  return new Intl.DateTimeFormat(locale, { weekday: width, timeZone: 'UTC' }).format(Date.UTC(1970, 0, 5 + day));
}

/** -330 -> "UTC−05:30". */
export function offsetName(minutes: number): string {
  const whole = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(whole / 60))}:${two(whole % 60)}`;
}

/** The distances that clocks have somewhere, minutes. */
export const OFFSETS: readonly number[] = [
  ...Array.from({ length: 27 }, (_, hour) => (hour - 12) * 60),
  -570, -210, 210, 270, 330, 345, 390, 525, 570, 630, 765,
].sort((a, b) => a - b);

export function hoursFormOf(hours: Hours): HoursForm {
  const windows = (hours.windows ?? []).map(({ days, from, until, wan_cap_bytes_per_second: cap }) => ({
    days,
    from,
    until,
    mbit: toMbit(cap),
  }));
  return { offset: hours.utc_offset_minutes ?? 0, windows };
}

/** The hours that were typed; the number of the window, from 0, whose cap is no rate. */
export function readHours({ offset, windows }: HoursForm): Hours | number {
  const read: Schema<'WanWindow'>[] = [];
  for (const [at, { days, from, until, mbit }] of windows.entries()) {
    const cap = fromMbit(mbit);
    if (cap === null) return at;
    read.push({ days: [...days], from, until, wan_cap_bytes_per_second: cap });
  }
  return { utc_offset_minutes: windows.length === 0 ? 0 : offset, windows: read };
}

/** A part of a day in which a cap holds: minutes after midnight. */
export interface Part {
  readonly from: number;
  readonly until: number;
  /** Bytes per second; 0: no cap. */
  readonly cap: number;
  /** Whether a window says so, or the site's own cap holds. */
  readonly isWindow: boolean;
}

/** "8:30" -> 510; null: no time. */
export function minutesOf(text: string): number | null {
  const found = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  const [, hours = '', minutes = ''] = found ?? [];
  const all = Number(hours) * 60 + Number(minutes);
  return found && Number(minutes) < 60 && all <= DAY ? all : null;
}

/** The parts of each day of the week, from Monday on; what cannot be read yet is left out. */
export function weekOf(cap: number, windows: readonly WindowForm[]): Part[][] {
  const week: Part[][] = DAYS.map(() => []);
  const put = (day: number, from: number, until: number, at: number) => {
    if (until > from) week[day % 7]?.push({ from, until, cap: at, isWindow: true });
  };
  for (const { days, from: begin, until: end, mbit } of windows) {
    const [from, until, at] = [minutesOf(begin), minutesOf(end), fromMbit(mbit)];
    if (from === null || until === null || at === null || from === until) continue;
    for (const day of days) {
      const place = DAYS.indexOf(day);
      put(place, from, until > from ? until : DAY, at);
      if (until < from) put(place + 1, 0, until, at);
    }
  }
  return week.map((parts) => {
    const filled: Part[] = [];
    let minute = 0;
    const rest = (until: number) => {
      if (until > minute) filled.push({ from: minute, until, cap, isWindow: false });
    };
    for (const part of parts.toSorted((a, b) => a.from - b.from)) {
      rest(part.from);
      filled.push(part);
      minute = Math.max(minute, part.until);
    }
    rest(DAY);
    return filled;
  });
}

/** How dark a cap is drawn, 0.15 to 1: the tighter, the darker; no cap is not drawn. */
export function shade(cap: number, week: readonly (readonly Part[])[]): number {
  const caps = week.flat().map((part) => part.cap).filter((one) => one > 0);
  if (cap === 0 || caps.length === 0) return 0;
  const [least, most] = [Math.min(...caps), Math.max(...caps)];
  if (least === most) return 0.6;
  const place = (Math.log(cap) - Math.log(least)) / (Math.log(most) - Math.log(least));
  return 1 - 0.75 * place;
}
