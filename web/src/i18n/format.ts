// Numbers, dates and times in the reader's language, by Intl.
import { perTag } from './index';

const date = (options: Intl.DateTimeFormatOptions) => {
  const format = perTag((tag) => new Intl.DateTimeFormat(tag, options));
  return (ms: number): string => format().format(ms);
};
const figure = (options?: Intl.NumberFormatOptions) => {
  const format = perTag((tag) => new Intl.NumberFormat(tag, options));
  return (n: number): string => format().format(n);
};

export const clockTime = date({ timeStyle: 'medium' });
export const moment = date({
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  hour: '2-digit',
  minute: '2-digit',
});
export const stamp = date({
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
export const number = figure();
export const credits = figure({ maximumFractionDigits: 2 });
const days = {
  short: date({ weekday: 'short', timeZone: 'UTC' }),
  long: date({ weekday: 'long', timeZone: 'UTC' }),
};

/** 1 is Monday; 2024-01-01 was one. */
export const weekday = (day: number, style: 'short' | 'long' = 'short'): string =>
  days[style](Date.UTC(2024, 0, day));

/** Minutes since midnight, as timetables write them. */
export const hour = (minutes: number): string =>
  `${Math.floor(minutes / 60)}.${String(minutes % 60).padStart(2, '0')}`;

/** `1:02:03`, or `02:03` within the hour. */
export function countdown(ms: number): string {
  const s = Math.ceil(ms / 1000);
  const two = (x: number) => String(x).padStart(2, '0');
  const hours = s >= 3600 ? `${Math.floor(s / 3600)}:` : '';
  return `${hours}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** A mark, always with one decimal. */
export const mark = figure({ minimumFractionDigits: 1, maximumFractionDigits: 2 });

const utc = (options: Intl.DateTimeFormatOptions) => {
  const format = date({ ...options, timeZone: 'UTC' });
  return (iso: string): string => format(Date.parse(iso));
};

/** A day of the calendar, `YYYY-MM-DD`, in short; with its year; with its weekday. */
export const dayShort = utc({ day: 'numeric', month: 'short' });
export const dayYear = utc({ day: 'numeric', month: 'short', year: 'numeric' });
export const dayLong = utc({ weekday: 'long', day: 'numeric', month: 'long' });
