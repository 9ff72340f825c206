// What a form may hold, before it is sent: the bounds of src/limits.rs. Pure.
import type { Key } from '../../../i18n';

/** What is wrong, as a text's key with what to fill in. */
export interface Fault {
  key: Key;
  params?: Record<string, string | number>;
}

/** A value that can be sent, or what is wrong with it. */
export type Checked<T> = { value: T } | { fault: Fault };

export const REASON_MAX = 300;
export const ANNOUNCEMENT_MAX = 500;
export const ANNOUNCEMENT_BYTES_MAX = 1000;
export const CAPACITY_MAX = 1_000_000;
export const PACE_MAX = 1_000_000;
const CODE_MAX = 64;

const bad = (key: Key, params?: Fault['params']): { fault: Fault } => ({
  fault: { key, ...(params && { params }) },
});
const ok = <T>(value: T): { value: T } => ({ value });

export const faultOf = <T>(checked: Checked<T>): Fault | null =>
  'fault' in checked ? checked.fault : null;

/** Control characters, line breaks too, and those that turn the text around them. */
const CONTROL = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/** Characters as the gateway counts them. */
const length = (text: string): number => [...text].length;

/** A reason in words; one that may be left out is `null` then. */
export function reason(text: string, needed: boolean): Checked<string | null> {
  const value = text.trim();
  if (!value) return needed ? bad('fault.reason') : ok(null);
  if (length(value) > REASON_MAX) return bad('fault.long', { n: REASON_MAX });
  return CONTROL.test(value) ? bad('fault.control') : ok(value);
}

function whole(text: string, least: number, most: number): Checked<number> {
  const value = text.trim();
  if (!value) return bad('fault.number');
  if (!/^[+-]?\d+$/.test(value)) return bad('fault.whole');
  const n = Number(value);
  return n < least || n > most ? bad('fault.between', { least, most }) : ok(n);
}

/** Seats; `null` is room for all. */
export const capacity = (text: string, unlimited: boolean): Checked<number | null> =>
  unlimited ? ok(null) : whole(text, 0, CAPACITY_MAX);

/** Admissions a second; `null` is as fast as they can be decided. */
export const pace = (text: string, free: boolean): Checked<number | null> =>
  free ? ok(null) : whole(text, 1, PACE_MAX);

/** A moment as a browser's field has it, in this device's time zone; an empty field is `null`. */
export function moment(text: string): Checked<number | null> {
  if (!text) return ok(null);
  const value = new Date(text).getTime();
  return Number.isNaN(value) ? bad('fault.moment') : ok(value);
}

/** The same the other way, to the second. */
export function momentText(ms: number | null): string {
  if (ms === null) return '';
  const date = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export interface Schedule {
  opens_at: number | null;
  closes_at: number | null;
}

/** When a window opens and closes. A window that is open has been opened: only its end counts. */
export function schedule(
  opens: string,
  closes: string,
  now: number,
  open: boolean,
): { value: Schedule } | { opens: Fault | null; closes: Fault | null } {
  const first = moment(opens);
  const last = moment(closes);
  let wrongOpens = faultOf(first);
  let wrongCloses = faultOf(last);
  const opens_at = 'value' in first ? first.value : null;
  const closes_at = 'value' in last ? last.value : null;
  if (!wrongOpens && !open && opens_at !== null && opens_at <= now) {
    wrongOpens = { key: 'fault.past' };
  }
  if (!wrongCloses && closes_at !== null) {
    if (closes_at <= now) wrongCloses = { key: 'fault.endPast' };
    else if (opens_at !== null && closes_at <= opens_at) wrongCloses = { key: 'fault.endBefore' };
  }
  if (wrongOpens || wrongCloses) return { opens: wrongOpens, closes: wrongCloses };
  return { value: { opens_at, closes_at } };
}

/** One language of an announcement: one paragraph, so a line break becomes a space. */
export function announcement(text: string): Checked<string> {
  const value = text.replace(/\s*[\r\n]+\s*/g, ' ').trim();
  if (!value) return bad('fault.announcement');
  if (length(value) > ANNOUNCEMENT_MAX) return bad('fault.long', { n: ANNOUNCEMENT_MAX });
  if (new TextEncoder().encode(value).length > ANNOUNCEMENT_BYTES_MAX) return bad('fault.bytes');
  return CONTROL.test(value) ? bad('fault.control') : ok(value);
}

/** Codes and keys as the files have them (docs/FILES.md). */
export function code(text: string, missing: Key): Checked<string> {
  const value = text.trim();
  if (!value) return bad(missing);
  if (length(value) > CODE_MAX || !/^[\p{L}\p{N}._:/#-]+$/u.test(value)) return bad('fault.code');
  return ok(value);
}
