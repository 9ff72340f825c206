// One more section of a course, made after one that it has: what its form holds, what is wrong with
// that, and the file that adds it (docs/FILES.md). Pure.
import { hour } from '../../../i18n/format';
import { weekRanges } from '../../../model/week';
import type { CourseView } from '../../../wire/CourseView';
import type { MeetingView } from '../../../wire/MeetingView';
import type { SectionView } from '../../../wire/SectionView';
import { type Checked, capacity, code, type Fault, faultOf } from './check';

/** As MEETINGS_MAX in src/limits.rs. */
export const MEETINGS_MAX = 30;
const WEEK_MAX = 53;
const DAY_MINUTES = 24 * 60;
const STEP_MINUTES = 5;

/** A meeting as it is typed. */
export interface MeetingForm {
  day: number;
  start: string;
  end: string;
  weeks: string;
  place: string;
}

export interface AdditionForm {
  /** Without its course. */
  key: string;
  seats: string;
  unlimited: boolean;
  meetings: MeetingForm[];
}

const local = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
const keys = (course: CourseView): string[] =>
  course.components.flatMap((c) => c.sections.map((s) => local(s.key)));

/** `T6` after `T1` to `T5`, whichever of them it is made after. */
export function nextKey(course: CourseView, like: SectionView): string {
  const taken = new Set(keys(course));
  const [, stem = '', digits = ''] = /^(.*?)(\d*)$/.exec(local(like.key)) ?? [];
  for (let n = Number(digits || 1) + 1; ; n += 1) {
    if (!taken.has(`${stem}${n}`)) return `${stem}${n}`;
  }
}

const everyWeek = (weeks: number[]): boolean => weeks.length >= WEEK_MAX;

export const meetingForm = (m: MeetingView): MeetingForm => ({
  day: m.weekday,
  start: hour(m.start),
  end: hour(m.end),
  weeks: everyWeek(m.weeks) ? '' : weekRanges(m.weeks).replaceAll('–', '-'),
  place: m.place,
});

export const noMeeting: MeetingForm = { day: 1, start: '', end: '', weeks: '', place: '' };

/** With the seats that are in force, which may not be those of its file. */
export const formLike = (
  course: CourseView,
  like: SectionView,
  seats: number | null,
): AdditionForm => ({
  key: nextKey(course, like),
  seats: seats === null ? '' : `${seats}`,
  unlimited: seats === null,
  meetings: like.meetings.map(meetingForm),
});

/** Minutes since midnight. */
export function time(text: string): Checked<number> {
  const [, h, m] = /^(\d{1,2})[.:](\d{2})$/.exec(text.trim()) ?? [];
  const minutes = Number(h) * 60 + Number(m);
  const right = Number(m) < 60 && minutes <= DAY_MINUTES && minutes % STEP_MINUTES === 0;
  return right ? { value: minutes } : { fault: { key: 'fault.time' } };
}

/** Ranges as a file has them; `null` is each week. */
export function weeks(text: string): Checked<string | null> {
  const value = text.trim().replace(/[–—]/g, '-');
  if (!value) return { value: null };
  const right = value.split(',').every((part) => {
    const [, a, b = a] = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part) ?? [];
    return Number(a) >= 1 && Number(a) <= Number(b) && Number(b) <= WEEK_MAX;
  });
  return right ? { value } : { fault: { key: 'fault.weeks' } };
}

export interface MeetingFaults {
  start: Fault | null;
  end: Fault | null;
  weeks: Fault | null;
}

export interface Faults {
  key: Fault | null;
  seats: Fault | null;
  meetings: MeetingFaults[];
}

function meetingFaults(m: MeetingForm): MeetingFaults {
  const [start, end] = [time(m.start), time(m.end)];
  const turned = 'value' in start && 'value' in end && end.value <= start.value;
  return {
    start: faultOf(start),
    end: turned ? { key: 'fault.timeOrder' } : faultOf(end),
    weeks: faultOf(weeks(m.weeks)),
  };
}

function keyFault(course: CourseView, key: string): Fault | null {
  const written = faultOf(code(key, 'fault.group'));
  if (written) return written;
  const taken = keys(course).includes(key.trim());
  return taken ? { key: 'fault.groupTaken', params: { key: key.trim() } } : null;
}

/** What is wrong, field by field; `null`: nothing. */
export function faults(course: CourseView, form: AdditionForm): Faults | null {
  const found: Faults = {
    key: keyFault(course, form.key),
    seats: faultOf(capacity(form.seats, form.unlimited)),
    meetings: form.meetings.map(meetingFaults),
  };
  const inside = found.meetings.some((m) => m.start || m.end || m.weeks);
  return found.key || found.seats || inside ? found : null;
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

const sent = <T>(checked: Checked<T>): T | undefined =>
  'value' in checked ? checked.value : undefined;

const fileMeeting = (m: MeetingForm): object => ({
  day: m.day,
  start: clock(sent(time(m.start)) ?? 0),
  end: clock(sent(time(m.end)) ?? 0),
  weeks: sent(weeks(m.weeks)) ?? 'all',
  place: m.place.trim(),
});

/** A section as it is, for a part of the course that a file may not leave out. */
const asItIs = (s: SectionView): object => ({
  key: local(s.key),
  capacity: s.capacity ?? 'unlimited',
  parent: s.parent && local(s.parent),
  meetings: s.meetings.map((m) => ({
    day: m.weekday,
    start: clock(m.start),
    end: clock(m.end),
    weeks: m.weeks,
    place: m.place,
  })),
});

const both = (text: { nl: string; en: string }) => (text.nl || text.en ? text : null);

/** The course as it is with the one section more: a file names each part of a course, with at least
 * one section, and what it does not name stays. */
export function fileOf(course: CourseView, like: SectionView, form: AdditionForm): object {
  const added = {
    key: form.key.trim(),
    capacity: sent(capacity(form.seats, form.unlimited)) ?? 'unlimited',
    parent: like.parent && local(like.parent),
    meetings: form.meetings.map(fileMeeting),
  };
  const { key, name, description, credits, url, faculty, level, language, period } = course;
  const components = course.components.map(({ kind, sections }) => ({
    kind,
    sections: sections.some((s) => s.key === like.key)
      ? [added]
      : sections.slice(0, 1).map((s) => asItIs(s)),
  }));
  const rest = { url, faculty, level, language, period, prerequisites: course.prerequisites };
  const one = { code: key, term: course.term, name, description: both(description), ects: credits };
  return { courses: [{ ...one, ...rest, components }] };
}
