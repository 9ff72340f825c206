// Weeks of the calendar, and what lies in them. Pure; days are `YYYY-MM-DD`.
import type { TimetableEntry } from '../wire/TimetableEntry';

const DAY_MS = 86_400_000;
const utc = (day: string): number => Date.parse(`${day}T00:00:00Z`);
const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The day so many days later. */
export const plusDays = (day: string, n: number): string => iso(utc(day) + n * DAY_MS);

/** The Monday of a day's week. */
export function mondayOf(day: string): string {
  const weekday = (new Date(utc(day)).getUTCDay() + 6) % 7;
  return plusDays(day, -weekday);
}

/** ISO week number: that of the week's Thursday in its year. */
export function weekNumber(monday: string): number {
  const thursday = utc(plusDays(monday, 3));
  const first = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return 1 + Math.floor((thursday - first) / (7 * DAY_MS));
}

/** Mondays of all weeks from the first in which something is to the last. */
export function weeksOf(entries: TimetableEntry[]): string[] {
  const days = entries.flatMap((e) => e.dates).sort();
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return [];
  const weeks: string[] = [];
  for (let w = mondayOf(first); w <= last; w = plusDays(w, 7)) weeks.push(w);
  return weeks;
}

/** The week to begin with: this one, or else the next in which something is, or the last. */
export function weekNow(weeks: string[], busy: Set<string>, today: string): string | undefined {
  const now = mondayOf(today);
  if (weeks.includes(now)) return now;
  return weeks.find((w) => w > now && busy.has(w)) ?? weeks.at(-1);
}

/** What takes place in a week, with the day of each. */
export function inWeek(entries: TimetableEntry[], monday: string) {
  const end = plusDays(monday, 6);
  return entries.flatMap((entry) => {
    const day = entry.dates.find((d) => d >= monday && d <= end);
    return day ? [{ entry, day }] : [];
  });
}

/** Exams and resits, each day of each, in order. */
export function examsOf(entries: TimetableEntry[]) {
  const exams = entries.filter((e) => e.kind === 'exam');
  const days = exams.flatMap((entry) => entry.dates.map((day) => ({ entry, day })));
  return days.sort((a, b) =>
    a.day < b.day ? -1 : a.day > b.day ? 1 : a.entry.start - b.entry.start,
  );
}

/** The day where the reader is. */
export function dayOf(ms: number): string {
  const at = new Date(ms);
  return iso(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()));
}
