// What the plan and her seats take of the week.

import { clash, type Slot } from '../model/week';
import { type Courses, findSection } from '../store/catalogue';
import type { CourseRequest, Enrolment } from '../store/state';
import type { CourseView } from '../wire/CourseView';

export function heldSlots(enrolments: Enrolment[]): Slot[] {
  return enrolments.flatMap((e) =>
    e.sections.flatMap((key) => {
      const found = findSection(key);
      if (!found) return [];
      const { component, section } = found;
      return section.meetings.map((meeting) => ({
        course: e.course,
        section: key,
        kind: component.kind,
        meeting,
        held: true,
      }));
    }),
  );
}

/** First choices of the plan; a component left open counts where it has one section. */
export function wishedSlots(plan: CourseRequest[], courses: Courses, held: Set<string>) {
  const slots: Slot[] = [];
  let open = 0;
  for (const request of plan) {
    const course = courses.get(request.course);
    if (!course || held.has(request.course)) continue;
    for (const [i, component] of course.components.entries()) {
      const choice = request.choices?.[i] ?? 'any';
      const first = choice === 'any' ? undefined : choice[0];
      const section =
        component.sections.find((s) => s.key === first) ??
        (component.sections.length === 1 ? component.sections[0] : undefined);
      if (!section?.meetings.length) open += 1;
      for (const meeting of section?.meetings ?? []) {
        const { key } = section as { key: string };
        slots.push({
          course: course.key,
          section: key,
          kind: component.kind,
          meeting,
          held: false,
        });
      }
    }
  }
  return { slots, open };
}

/** Whether each component has a section that clashes with nothing of the week. */
export const fitsWeek = (course: CourseView, week: Slot[]): boolean =>
  course.components.every((component) =>
    component.sections.some((section) =>
      section.meetings.every(
        (m) => !week.some((s) => s.course !== course.key && clash(s.meeting, m)),
      ),
    ),
  );

/** What of the other course a request meets: the first of her accepted sections that does. */
export function clashWith(request: CourseRequest, other: Slot[], courses: Courses) {
  for (const [i, component] of (courses.get(request.course)?.components ?? []).entries()) {
    const choice = request.choices?.[i] ?? 'any';
    for (const section of component.sections) {
      if (choice !== 'any' && !choice.includes(section.key)) continue;
      const met = other.find((s) => section.meetings.some((m) => clash(s.meeting, m)));
      if (met) return met;
    }
  }
  return undefined;
}
