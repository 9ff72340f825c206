// Messages as the gateway sends them, typed by the wire.
import type { Server } from '../src/store/state';
import type { CourseView } from '../src/wire/CourseView';
import type { MessageView } from '../src/wire/MessageView';
import type { OutcomeView } from '../src/wire/OutcomeView';
import type { WindowView } from '../src/wire/WindowView';

export const win = (state: WindowView['state'], run = 0): WindowView => ({
  key: 'w',
  name: { nl: 'Vakken', en: 'Courses' },
  term: '2026-2',
  state,
  paused: false,
  opens_at: 60_000,
  closes_at: null,
  order: 'lottery',
  pace: 15,
  clash: 'refuse',
  credit_limit: 30,
  waitlists: true,
  rehearsal: true,
  run,
  seed_hash: '66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925',
  seed: null,
  waiting: 9,
  scope: 'courses',
});

export const welcome = (): Server<'welcome'> => ({
  type: 'welcome',
  protocol: 1,
  server_time: 5000,
  student: 's1',
  programme: 'law',
  year: 1,
  windows: [win('open')],
  plan: { courses: [], blockers: [], credits: 0 },
  enrolments: [],
  waitlist: [],
  line: [],
  outcomes: [],
  unread: 0,
  sequence: 3,
  as_of: 6,
});

export const position = (at: number): Server<'position'> => ({
  type: 'position',
  window: 'w',
  position: at,
  of: 50,
  eta_low: 10,
  eta_high: 20,
  serving: 0,
});

export const outcome = (more: Partial<OutcomeView>): OutcomeView => ({
  id: 'a',
  course: 'C',
  outcome: 'enrolled',
  sections: ['C/1'],
  journal: 7,
  at: 1,
  ...more,
});

export const outcomes = (...list: OutcomeView[]): Server<'outcomes'> => ({
  type: 'outcomes',
  sequence: 4,
  unread: 1,
  outcomes: list,
});

/** Outcomes of a plan whose turn in that line came. */
export const served = (window: string, ...list: OutcomeView[]): Server<'outcomes'> => ({
  ...outcomes(...list),
  served: [window],
});

export const message = (more: Partial<MessageView>): Server<'message'> => ({
  type: 'message',
  message: { journal: 11, id: '11.0', at: 1, kind: 'window_opened', read: false, ...more },
  unread: 1,
  sequence: 6,
});

export const windowMessage = (window: WindowView): Server<'window'> => ({ type: 'window', window });

/** A course with two lectures, and tutorials that each go with one of them. */
export const course = (): CourseView => ({
  key: 'C',
  term: '2026-2',
  name: { nl: 'Vak', en: 'Course' },
  description: { nl: '', en: '' },
  credits: 5,
  url: null,
  faculty: null,
  level: null,
  language: null,
  period: null,
  prerequisites: [],
  part_of: null,
  components: [
    { kind: 'lecture', sections: [section('C/L1'), section('C/L2')] },
    { kind: 'tutorial', sections: [section('C/T1', 'C/L1'), section('C/T2', 'C/L2')] },
  ],
});

const section = (key: string, parent: string | null = null) => ({
  key,
  parent,
  meetings: [{ weekday: 1, start: 540, end: 630, weeks: [6, 7, 8], place: 'A1' }],
  capacity: 20,
});
