// Which sections she accepts, component by component. Pure.
import type { CourseRequest } from '../store/state';
import type { ChoiceDto } from '../wire/ChoiceDto';
import type { CourseView } from '../wire/CourseView';
import type { SectionView } from '../wire/SectionView';

/** A course as it is first put in the plan: any section that fits, and the waitlist if full. */
export const newRequest = (code: string, course: CourseView | undefined): CourseRequest => ({
  course: code,
  choices: course?.components.map((): ChoiceDto => 'any') ?? [],
  waitlist: true,
});

/** Choices after a tap on a section: in, out, one up, or back to any (`null`). */
export function choose(
  course: CourseView,
  choices: ChoiceDto[] | undefined,
  component: number,
  section: string | null,
  how: 'toggle' | 'in' | 'up' = 'toggle',
): ChoiceDto[] {
  const all = course.components.map((_, i): ChoiceDto => choices?.[i] ?? 'any');
  const now = all[component];
  const ranked = Array.isArray(now) ? [...now] : [];
  if (section === null) return all.with(component, 'any');
  const at = ranked.indexOf(section);
  if (how === 'up' && at > 0) ranked.splice(at - 1, 2, section, ranked[at - 1] as string);
  else if (at < 0) ranked.push(section);
  else if (how === 'toggle') ranked.splice(at, 1);
  return all.with(component, ranked.length ? ranked : 'any');
}

/** Of a request what the course as it is now still knows; nothing, where there is no such course. */
export function known(request: CourseRequest, course: CourseView | null): CourseRequest[] {
  if (!course) return [];
  const choices = course.components.map(({ sections }, i): ChoiceDto => {
    const choice = request.choices?.[i] ?? 'any';
    if (choice === 'any') return choice;
    const left = choice.filter((key) => sections.some((s) => s.key === key));
    return left.length ? left : 'any';
  });
  return [{ ...request, choices }];
}

/** Whether she accepts this section for its course. */
export function accepts(
  course: CourseView,
  choices: ChoiceDto[] | undefined,
  section: string,
): boolean {
  const i = course.components.findIndex((c) => c.sections.some((s) => s.key === section));
  const choice = choices?.[i] ?? 'any';
  return choice === 'any' || choice.includes(section);
}

/** In a swap, a component she did not touch keeps her section, unless it cannot go with the new. */
export function keeping(
  course: CourseView | undefined,
  own: string[],
  choices: ChoiceDto[],
): ChoiceDto[] {
  if (!course) return choices;
  const find = (key: string): { at: number; section: SectionView } | undefined => {
    const at = course.components.findIndex((c) => c.sections.some((s) => s.key === key));
    const section = course.components[at]?.sections.find((s) => s.key === key);
    return section && { at, section };
  };
  const wanted = choices.filter(Array.isArray).flat().map(find);
  return choices.map((choice, i) => {
    const mine = own.map(find).find((x) => x?.at === i);
    if (Array.isArray(choice) || !mine) return choice;
    const apart = wanted.some((x) => {
      if (!x) return false;
      const needs = x.section.parent && find(x.section.parent);
      const needsOther = needs && needs.at === i && needs.section !== mine.section;
      const parent = mine.section.parent && find(mine.section.parent);
      const mineNeedsOther = parent && parent.at === x.at && parent.section !== x.section;
      return needsOther || mineNeedsOther;
    });
    return apart ? 'any' : [mine.section.key];
  });
}

/** A request for just these sections, one a component. */
export const exactly = (course: string, sections: string[]): CourseRequest => ({
  course,
  choices: sections.map((s) => [s]),
  waitlist: false,
});
