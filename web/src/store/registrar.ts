// What the registrar's console reads and does, over HTTP. A student's number is only ever sent.
import { signal } from '@preact/signals';
import type { Audit } from '../wire/Audit';
import type { Board } from '../wire/Board';
import type { CapacityPreview } from '../wire/CapacityPreview';
import type { CourseView } from '../wire/CourseView';
import type { Demand } from '../wire/Demand';
import type { Done } from '../wire/Done';
import type { ImportAnswer } from '../wire/ImportAnswer';
import type { PlanBlockers } from '../wire/PlanBlockers';
import type { Readiness } from '../wire/Readiness';
import type { StudentFile } from '../wire/StudentFile';
import type { Why } from '../wire/Why';
import { api, Failed } from './api';
import { forgetLive, live } from './live';
import { doubt, state } from './store';

/** Sections on one page of the board. */
export const PAGE = 50;
/** Entries of the log in the strip, and at a time in the log. */
const STRIP = 6;
const LOG = 100;

export const SORTS = ['pressure', 'code', 'taken', 'waitlist', 'in_line', 'rate'] as const;
export type Sort = (typeof SORTS)[number];

export const sort = signal<Sort>('pressure');
export const query = signal('');
/** From 1. */
export const page = signal(1);

/** An address with what is asked for; what is empty is left out. */
function address(path: string, asked: Record<string, string>): string {
  const given = Object.entries(asked).filter(([, value]) => value !== '');
  return `/api/admin/${path}?${new URLSearchParams(given)}`;
}

/** The server's clock and the windows' names come with the board. */
const tick = (b: Board): void => {
  const { windows, server_time } = b;
  state.value = { ...state.value, windows, offset: server_time - Date.now() };
};

export const board = live<Board>(
  () =>
    address('board', {
      q: query.value,
      sort: sort.value,
      limit: `${PAGE}`,
      page: `${page.value}`,
    }),
  tick,
);

/** The section that is looked at more closely; `null`: none. */
export const opened = signal<string | null>(null);
export const openedBoard = live<Board>(
  () => address('board', { q: opened.value ?? '', sort: 'code', limit: `${PAGE}` }),
  tick,
);

export const latest = live<Audit>(() => `/api/admin/audit?limit=${STRIP}`);

/** The window whose opening is prepared. */
export const prepared = signal('');
const of = (what: string, more: Record<string, string> = {}) =>
  address(what, { window: prepared.value, ...more });

export const demand = live<Demand>(() => of('demand', { sort: 'shortage' }));
export const readiness = live<Readiness>(() => of('readiness'));

/** Which of the reasons is looked at; empty: all. */
export const blockedBy = signal('');
export const blockedPage = signal(1);
/** Rows on one page of them, as the gateway has it. */
export const BLOCKED = 100;
export const blockers = live<PlanBlockers>(() =>
  of('blockers', { reason: blockedBy.value, page: `${blockedPage.value}` }),
);

/** Asks over HTTP; whoever is signed out finds the door. */
async function ask<T>(path: string, body?: unknown): Promise<T> {
  try {
    return await api<T>(path, body);
  } catch (e) {
    if (e instanceof Failed && e.status === 401) doubt();
    throw e;
  }
}

/** A change; what is shown of it is read anew. */
export async function act(path: string, body: object): Promise<Done> {
  const done = await ask<Done>(`/api/admin/${path}`, body);
  for (const one of [board, latest, openedBoard]) if (one.value.peek()) void one.load();
  return done;
}

export const actOnWindow = (key: string, what: string, body: object): Promise<Done> =>
  act(`windows/${encodeURIComponent(key)}/${what}`, body);

export const preview = (section: string, capacity: number | null): Promise<CapacityPreview> =>
  ask('/api/admin/sections/preview', { section, capacity });

// ---- more sections and courses

/** A file of courses; with `dry`, only what it would change. */
export async function importCourses(
  file: ArrayBuffer,
  name: string,
  dry: boolean,
): Promise<ImportAnswer> {
  const asked = { name, ...(dry && { dry_run: 'true' }) };
  const answer = await ask<ImportAnswer>(address('catalogue', asked), file);
  if (!dry) for (const one of [board, latest, demand]) if (one.value.peek()) void one.load();
  return answer;
}

/** As the catalogue has it: with the seats of its file, not those in force. */
export const readCourse = (code: string): Promise<CourseView> =>
  ask(`/api/catalogue/${encodeURIComponent(code)}`);

/** One more section, by a file that says nothing else: whatever else that would change, another has
 * changed meanwhile, and nothing is done. */
export async function addSection(section: string, file: object): Promise<ImportAnswer> {
  const bytes = new TextEncoder().encode(JSON.stringify(file)).buffer;
  const name = `${section}.json`;
  const would = await importCourses(bytes, name, true);
  if (`${would.added}` !== `section ${section}` || would.changed.length) {
    throw new Failed(409, 'course_changed');
  }
  return importCourses(bytes, name, false);
}

// ---- one student

/** Whose file is open; never in the address. */
export const lookedUp = signal('');
export const file = signal<StudentFile | null>(null);
export const fileAt = signal(0);

export async function readFile(student = lookedUp.value): Promise<void> {
  const found = await ask<StudentFile>('/api/admin/student', { student });
  lookedUp.value = student;
  file.value = found;
  fileAt.value = Date.now();
}

export const why = (journal: number, course: string): Promise<Why> =>
  ask('/api/admin/student/why', { student: lookedUp.value, journal, course });

/** A change to her registrations; her file is read anew. */
export async function actOnStudent(what: string, body: object): Promise<Done> {
  const done = await act(`student/${what}`, { student: lookedUp.value, ...body });
  await readFile().catch(() => undefined); // it was done: what is shown says its age
  return done;
}

// ---- the log

/** Entries before this one, newest first; those of now when there is none. */
export const readLog = (before?: number | null): Promise<Audit> =>
  ask(`/api/admin/audit?limit=${LOG}${before ? `&before=${before}` : ''}`);

/** Whoever looked has signed out. */
export function forgetConsole(): void {
  forgetLive();
  file.value = null;
  lookedUp.value = query.value = prepared.value = blockedBy.value = '';
  page.value = blockedPage.value = 1;
  opened.value = null;
}
