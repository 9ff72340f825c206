// Which section of each component a student is given. Pure.
import type { CourseView } from '../../../wire/CourseView';
import type { SectionView } from '../../../wire/SectionView';
import type { Fault } from './check';

const hasRoom = (s: SectionView): boolean => (s.status ?? 'open') === 'open' && s.left !== 0;

/** What was chosen, else what she has, else the first that goes with the others and has room. */
export function firstSections(
  course: CourseView,
  own: readonly string[],
  chosen: Readonly<Record<number, string>>,
): string[] {
  const picked: string[] = [];
  for (const [at, { sections }] of course.components.entries()) {
    const goes = sections.filter((s) => !s.parent || picked.includes(s.parent));
    const mine = sections.find((s) => own.includes(s.key) && goes.includes(s))?.key;
    const next = goes.find(hasRoom) ?? goes[0] ?? sections[0];
    const key = chosen[at] ?? mine ?? next?.key;
    if (key) picked.push(key);
  }
  return picked;
}

/** A move must move her. */
export const placeFault = (
  sections: readonly string[],
  own: readonly string[] | undefined,
): Fault | null =>
  own && sections.every((s) => own.includes(s)) ? { key: 'fault.sameSections' } : null;
