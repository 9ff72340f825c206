// Courses as they were read, and where to read more. Kept for as long as the page is open.
import { computed, signal } from '@preact/signals';
import type { CataloguePage } from '../wire/CataloguePage';
import type { ComponentView } from '../wire/ComponentView';
import type { CourseView } from '../wire/CourseView';
import type { ProgrammeView } from '../wire/ProgrammeView';
import type { RequirementView } from '../wire/RequirementView';
import type { SectionView } from '../wire/SectionView';
import { api } from './api';
import { state } from './store';

export type Courses = ReadonlyMap<string, CourseView>;
export const courses = signal<Courses>(new Map());
export const requirements = signal<RequirementView[] | null>(null);

const RETRY_MS = 5000;
const asked = new Set<string>();

function learn(list: CourseView[]): void {
  if (!list.length) return;
  const next = new Map(courses.value);
  for (const course of list) next.set(course.key, course);
  courses.value = next;
}

/** Reads these courses, unless they are known or on their way. */
export function lookUp(codes: Iterable<string>): void {
  for (const code of codes) {
    if (courses.value.has(code) || asked.has(code)) continue;
    asked.add(code);
    api<CourseView>(`/api/catalogue/${encodeURIComponent(code)}`).then(
      (course) => learn([course]),
      () => setTimeout(() => asked.delete(code), RETRY_MS),
    );
  }
}

export interface Filters {
  q: string;
  faculty: string;
  level: string;
  language: string;
  period: string;
  credits: string;
  /** `true`: with a seat in each component at this moment. */
  available: string;
}
export const noFilters: Filters = {
  q: '',
  faculty: '',
  level: '',
  language: '',
  period: '',
  credits: '',
  available: '',
};

/** A page of the courses that match, with their seats at this moment. */
export async function search(filters: Filters, page: number, size: number): Promise<CataloguePage> {
  const query = new URLSearchParams({ page: `${page}`, per_page: `${size}`, seats: 'true' });
  for (const [key, value] of Object.entries(filters)) if (value) query.set(key, value);
  const found = await api<CataloguePage>(`/api/catalogue?${query}`);
  learn(found.courses);
  return found;
}

/** What her programme asks for in her year, required first. */
export async function loadRequirements(): Promise<void> {
  const programmes = await api<ProgrammeView[]>('/api/programmes');
  const { programme, year } = state.value;
  const all = programmes.find((p) => p.key === programme)?.requirements ?? [];
  const mine = all.filter((r) => !year || r.year === year);
  requirements.value = mine.sort((a, b) => Number(b.required) - Number(a.required));
  lookUp(mine.map((r) => r.course));
}

export interface Found {
  course: CourseView;
  component: ComponentView;
  section: SectionView;
}

const sections = computed(() => {
  const index = new Map<string, Found>();
  for (const course of courses.value.values()) {
    for (const component of course.components) {
      for (const section of component.sections)
        index.set(section.key, { course, component, section });
    }
  }
  return index;
});

export const findSection = (key: string): Found | undefined => sections.value.get(key);
