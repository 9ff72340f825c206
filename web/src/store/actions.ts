// What a student or the registrar does. Each changes the store or asks the gateway.
import { choose, keeping, newRequest } from '../model/choices';
import type { ChoiceDto } from '../wire/ChoiceDto';
import { courses, findSection } from './catalogue';
import { uuid7 } from './ids';
import { moved } from './lists';
import type { CourseRequest, Request } from './state';
import { editPlan, enrolments, fault, keep, plan, sendPlan } from './store';
import { todoIn } from './todo';
import { remember, takenOut } from './undo';

type Ask = Request extends infer R ? (R extends Request ? Omit<R, 'id' | 'at'> : never) : never;

/** Asks, and gives the id under which it will be answered. */
function request(message: Ask): string {
  fault.value = null;
  const id = uuid7();
  keep({ ...message, id, at: Date.now() } as Request);
  return id;
}

// ---- the plan

export function addCourse(code: string): void {
  if (plan.value.some((r) => r.course === code)) return;
  editPlan([...plan.value, newRequest(code, courses.value.get(code))]);
}

export function removeCourse(code: string): void {
  const at = plan.value.findIndex((r) => r.course === code);
  const request = plan.value[at];
  if (!request) return;
  takenOut.value = { request, at };
  editPlan(plan.value.toSpliced(at, 1));
}

/** What she last took out is in her plan again, as it was and where it was. */
export function putBack(): void {
  const out = takenOut.value;
  takenOut.value = null;
  if (!out || plan.value.some((r) => r.course === out.request.course)) return;
  editPlan(plan.value.toSpliced(out.at, 0, out.request));
}

export const moveCourse = (from: number, to: number): void => editPlan(moved(plan.value, from, to));

const edit = (code: string, change: (r: CourseRequest) => Partial<CourseRequest>): void =>
  editPlan(plan.value.map((r) => (r.course === code ? { ...r, ...change(r) } : r)));

export const setWaitlist = (code: string, waitlist: boolean): void =>
  edit(code, () => ({ waitlist }));

export const setChoices = (code: string, choices: ChoiceDto[]): void =>
  edit(code, () => ({ choices }));

/** An alternative joins what she accepts, next to the course it stands in for; her place in line
 * stays. */
export function takeAlternative(section: string, beside: string): void {
  const found = findSection(section);
  if (!found) return;
  const component = found.course.components.indexOf(found.component);
  const code = found.course.key;
  const have = plan.value.find((r) => r.course === code);
  if (have) {
    setChoices(code, choose(found.course, have.choices, component, section, 'in'));
    return;
  }
  const i = plan.value.findIndex((r) => r.course === beside);
  const choices = choose(found.course, [], component, section, 'in');
  const added = { ...newRequest(code, found.course), choices };
  editPlan(plan.value.toSpliced(i + 1, 0, added));
}

// ---- the line

export function arm(window: string): void {
  sendPlan();
  request({ type: 'arm', window });
}

export const disarm = (window: string): void => void request({ type: 'disarm', window });

/** The plan as a whole, unless some of it has been decided: nothing is asked twice by the way. */
export function submitPlan(window: string): void {
  sendPlan();
  const found = todoIn(window);
  if (!found) return;
  request({ type: 'submit', window, ...(found.partly && { courses: found.rest }) });
}

export const submitOne = (window: string, one: CourseRequest): void =>
  void request({ type: 'submit', window, courses: [one] });

// ---- what she has

export function drop(course: string): void {
  const seat = enrolments.value.find((e) => e.course === course);
  remember(request({ type: 'drop', course }), seat);
}

export const leaveWaitlist = (course: string): void =>
  void request({ type: 'leave_waitlist', course });

/** A component she did not touch keeps her section, unless it cannot go with the new one. */
export function swap(course: string, choices: ChoiceDto[], waitlist: boolean): void {
  const own = enrolments.value.find((e) => e.course === course)?.sections ?? [];
  swapFor(course, { course, choices: keeping(courses.value.get(course), own, choices), waitlist });
}

/** Another course, or other sections of the same, in place of what she has. */
export const swapFor = (from: string, to: CourseRequest): void =>
  void request({ type: 'swap', from, to });
