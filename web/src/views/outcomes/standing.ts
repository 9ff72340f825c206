// How she stands in one course: what was told, and what holds now.
import { t } from '../../i18n';
import { covers } from '../../model/windows';
import { courses, findSection } from '../../store/catalogue';
import {
  enrolments,
  line,
  messages,
  outcomes,
  pending,
  waitlist,
  windows,
} from '../../store/store';
import { quote } from '../../ui/Seats';
import { reasonText } from '../../ui/words';
import type { OutcomeView } from '../../wire/OutcomeView';

export type Kind = 'enrolled' | 'waitlisted' | 'refused' | 'dropped' | 'left_waitlist';

/** A seat or a wait that is gone was given up. */
function kindOf(enrolled: boolean, waits: boolean, told: OutcomeView | undefined): Kind {
  if (enrolled) return 'enrolled';
  if (waits) return 'waitlisted';
  if (told?.outcome === 'enrolled') return 'dropped';
  if (told?.outcome === 'waitlisted') return 'left_waitlist';
  return (told?.outcome as Kind | undefined) ?? 'dropped';
}

export function standing(code: string) {
  const seat = enrolments.value.find((e) => e.course === code);
  const wait = waitlist.value.find((w) => w.course === code);
  const told = outcomes.value.find((o) => o.course === code);
  const journal = seat?.journal ?? told?.journal;
  const same = told?.journal === journal ? told?.at : undefined;
  // A seat from a waitlist was told as a message, perhaps while this page was closed.
  const at = seat?.at ?? same ?? messages.value?.find((m) => m.journal === journal)?.at;
  const cancelled = seat?.sections.filter(isCancelled) ?? [];
  return { kind: kindOf(!!seat, !!wait, told), seat, wait, told, journal, at, cancelled };
}

/** Whether a section does not go on, as far as it was told. */
export function isCancelled(key: string): boolean {
  const section = findSection(key)?.section;
  return !!section && quote(section).status === 'cancelled';
}

export type Standing = ReturnType<typeof standing>;

/** The outcome in words: what it is, the rank or the reason. */
export function outcomeText({ kind, wait, told, cancelled }: Standing): string {
  if (cancelled.length) return t('outcome.cancelled');
  const what = t(`outcome.${kind}`);
  if (kind === 'waitlisted' && wait) return `${what}, ${t('outcome.rank', { n: wait.rank })}`;
  if (kind === 'refused' && told?.reason) return `${what}: ${reasonText(told.reason, told.about)}`;
  return what;
}

/** Something about this course was asked for and is not answered yet. */
export const asksFor = (code: string): boolean =>
  Object.values(pending.value).some(
    (p) =>
      ('course' in p && p.course === code) ||
      ('from' in p && (p.from === code || p.to.course === code)) ||
      (p.type === 'submit' && p.courses?.some((r) => r.course === code)),
  );

/** An open window for this course in whose line she is not. */
export const openFor = (code: string) =>
  windows.value.find(
    (w) =>
      w.state === 'open' &&
      covers(w, courses.value.get(code)) &&
      !line.value.some((l) => l.window === w.key),
  );

/** The course for which this one was given in a swap, while she has it. */
export const tradedFor = (code: string): string | undefined =>
  outcomes.value.find(
    (o) =>
      o.instead_of === code &&
      o.course !== code &&
      enrolments.value.some((e) => e.course === o.course && e.journal === o.journal),
  )?.course;

/** She is in the line of an open window for this course: her plan goes first, then she may swap. */
export const waitsInLine = (code: string): boolean =>
  windows.value.some(
    (w) =>
      w.state === 'open' &&
      covers(w, courses.value.get(code)) &&
      line.value.some((l) => l.window === w.key),
  );

/** The groups that she has. */
export const heldSections = (): string[] => enrolments.value.flatMap((e) => e.sections);

/** Every course with an outcome, a seat or a place on a waitlist. */
export const concerned = (): string[] => {
  const all: { course: string }[] = [...outcomes.value, ...enrolments.value, ...waitlist.value];
  return [...new Set(all.map((o) => o.course))];
};
