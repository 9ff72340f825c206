// Names and reasons in words.
import { keyOf, named, t, tAny } from '../i18n';
import { countdown, credits, hour, mark, weekday } from '../i18n/format';
import { courses, findSection } from '../store/catalogue';
import { resultNames } from '../store/resources';
import type { MeetingView } from '../wire/MeetingView';
import type { OutcomeView } from '../wire/OutcomeView';
import type { SectionView } from '../wire/SectionView';

export const courseName = (code: string): string => {
  const name = courses.value.get(code)?.name ?? resultNames.value.get(code);
  return name ? named(name) : code;
};

/** The part of a section's key behind its course. */
export const shortKey = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

export const kindName = (kind: string): string => {
  const key = keyOf(`kind.${kind}`);
  return key ? tAny(key, {}) : kind;
};

export const sectionName = (key: string): string => {
  const found = findSection(key);
  return found ? `${kindName(found.component.kind).toLowerCase()} ${shortKey(key)}` : key;
};

/** When a section meets, in short. */
export const when = (section: SectionView): string =>
  section.meetings.map((m) => `${weekday(m.weekday)} ${hour(m.start)}–${hour(m.end)}`).join(', ') ||
  t('time.none');

const DAY_MS = 86_400_000;

/** How long still: in days from two on, else as a clock. */
export const timeLeft = (ms: number): string =>
  ms >= 2 * DAY_MS ? t('time.days', { n: Math.floor(ms / DAY_MS) }) : countdown(ms);

/** A section and when it first meets: `tutorial W3, Tue 11.15`. */
export function sectionAt(key: string, meeting: MeetingView): string {
  return `${sectionName(key)}, ${weekday(meeting.weekday)} ${hour(meeting.start)}`;
}

function about(reason: string, what: string | null | undefined): string {
  if (what == null) return '';
  if (reason === 'credit_limit') return credits(Number(what));
  return reason === 'clash' || reason === 'prerequisite_missing' ? courseName(what) : what;
}

/** Why, in words. */
export function reasonText(reason: string, what?: string | null): string {
  const key = keyOf(`reason.${reason}`);
  return key ? tAny(key, { about: about(reason, what) }) : reason;
}

/** What would solve it. */
export function solution(reason: string): string {
  const key = keyOf(`solve.${reason}`);
  return key ? tAny(key, {}) : '';
}

/** What a swap led to names both sides: which course, or group, was given for which. */
export function swapWords(
  of: { course: string; sections?: string[] | undefined; reason?: string | null | undefined } & {
    kind?: string;
    outcome?: string;
    about?: string | null | undefined;
  },
  from: string,
): string | null {
  const inside = from === of.course;
  const words = {
    course: courseName(of.course),
    gave: courseName(from),
    sections: (of.sections ?? []).map(sectionName).join(', '),
    reason: of.reason ? reasonText(of.reason, of.about) : '',
  };
  switch (of.kind ?? of.outcome) {
    case 'enrolled':
      return inside ? t('swap.group', words) : t('swap.course', words);
    case 'waitlisted':
      return inside ? t('swap.waitGroup', words) : t('swap.wait', words);
    case 'refused':
      return inside ? t('swap.noGroup', words) : t('swap.no', words);
    default:
      return null;
  }
}

/** What became of a course, in a sentence. */
export function outcomeWords(o: OutcomeView): string {
  const swapped = o.instead_of && swapWords(o, o.instead_of);
  if (swapped) return swapped;
  const key = keyOf(`outcome.${o.outcome}`);
  const parts = [key ? tAny(key, {}) : o.outcome];
  if (o.rank) parts.push(t('outcome.rank', { n: o.rank }));
  if (o.reason) parts.push(reasonText(o.reason, o.about));
  return `${courseName(o.course)}: ${parts.join(', ')}.`;
}

/** A grade as it is written here: a mark with the reader's decimal sign, a word for the others. */
export function gradeName(grade: string): string {
  if (/^\d+(\.\d+)?$/.test(grade)) return mark(Number(grade));
  const key = keyOf(`grade.${grade}`);
  return key ? tAny(key, {}) : grade;
}
