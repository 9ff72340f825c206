// Which window is for what. Pure.
import type { CourseRequest, State } from '../store/state';
import type { CourseView } from '../wire/CourseView';
import type { MessageView } from '../wire/MessageView';
import type { WindowView } from '../wire/WindowView';

/** Whether a course can be registered for in a window. One not read yet counts: the gateway
 * decides. */
export function covers(window: WindowView, course: CourseView | undefined): boolean {
  if (!course) return true;
  if (course.term !== window.term) return false;
  if (window.scope === 'only') return (window.only ?? []).includes(course.key);
  return (window.scope === 'exams') === !!course.part_of;
}

export interface Submittable {
  window: WindowView;
  /** Courses of the plan that are not decided. */
  rest: CourseRequest[];
  /** Whether others of the plan are. */
  partly: boolean;
}

/** Open windows for which something of the plan is undecided and she is not in line. What has been
 * decided is asked again one by one, never by the way. */
export function submittable(
  s: Pick<State, 'windows' | 'line' | 'enrolments' | 'waitlist' | 'outcomes'>,
  plan: CourseRequest[],
  courses: ReadonlyMap<string, CourseView>,
): Submittable[] {
  const decided = new Set(
    [...s.enrolments, ...s.waitlist, ...s.outcomes].map((x: { course: string }) => x.course),
  );
  return s.windows
    .filter((w) => w.state === 'open' && !s.line.some((l) => l.window === w.key))
    .map((window) => {
      const covered = plan.filter((r) => covers(window, courses.get(r.course)));
      const rest = covered.filter((r) => !decided.has(r.course));
      return { window, rest, partly: rest.length < covered.length };
    })
    .filter((x) => x.rest.length > 0);
}

/** Open first, then by the time of opening. */
export function inOrder<W extends WindowView>(windows: W[]): W[] {
  const weight = (w: WindowView) => ['open', 'planned', 'closed'].indexOf(w.state);
  const opens = (w: WindowView) => w.opens_at ?? Number.POSITIVE_INFINITY;
  return [...windows].sort((a, b) => weight(a) - weight(b) || (opens(a) < opens(b) ? -1 : 1));
}

/** Whether it closed while her plan was in its line, by the messages, newest first. */
export const closedBeforeTurn = (window: WindowView, messages: MessageView[]): boolean =>
  window.state === 'closed' &&
  messages.find(
    (m) => m.window === window.key && /^(ticket_ended|window_(opened|reset))$/.test(m.kind),
  )?.kind === 'ticket_ended';

/** Terms that can be registered for now or later; none: no window says. */
export const termsAhead = (windows: WindowView[]): Set<string> =>
  new Set(windows.filter((w) => w.state !== 'closed').map((w) => w.term));
