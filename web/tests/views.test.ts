// What the views of outcomes, results, timetable and messages rest on.
import { describe, expect, test } from 'vitest';
import { iconOf } from '../src/favicon';
import * as calendar from '../src/model/calendar';
import { exactly } from '../src/model/choices';
import { receiptText } from '../src/model/receipt';
import { resultRows } from '../src/model/results';
import { linkOf, topicOf } from '../src/model/topics';
import { reduce } from '../src/store/reducer';
import { initial } from '../src/store/state';
import type { ResultView } from '../src/wire/ResultView';
import type { TimetableEntry } from '../src/wire/TimetableEntry';
import { message } from './samples';

const entry = (kind: string, start: number, ...dates: string[]): TimetableEntry => ({
  course: 'C',
  name: { nl: 'Vak', en: 'Course' },
  section: `C/${kind}`,
  kind,
  term: 't',
  weekday: 1,
  start,
  end: start + 60,
  weeks: [],
  place: '',
  dates,
});

describe('weeks', () => {
  test('begin on Monday and have their ISO number, over the turn of the year', () => {
    expect(calendar.mondayOf('2027-01-03')).toBe('2026-12-28');
    expect(calendar.mondayOf('2026-12-28')).toBe('2026-12-28');
    expect(calendar.weekNumber('2026-12-28')).toBe(53);
    expect(calendar.weekNumber('2027-01-04')).toBe(1);
    expect(calendar.weekNumber('2024-12-30')).toBe(1);
  });

  const lecture = entry('lecture', 540, '2026-12-21', '2027-01-04');
  const weeks = calendar.weeksOf([lecture]);
  const busy = new Set(['2026-12-21', '2027-01-04']);

  test('run from the first meeting to the last, free ones too', () => {
    expect(weeks).toEqual(['2026-12-21', '2026-12-28', '2027-01-04']);
    expect(calendar.weeksOf([])).toEqual([]);
    expect(calendar.inWeek([lecture], '2026-12-28')).toEqual([]);
    expect(calendar.inWeek([lecture], '2027-01-04').map((x) => x.day)).toEqual(['2027-01-04']);
  });

  test('the first shown is this one, else the next with something in it, else the last', () => {
    expect(calendar.weekNow(weeks, busy, '2026-12-30')).toBe('2026-12-28');
    expect(calendar.weekNow(weeks, busy, '2026-09-01')).toBe('2026-12-21');
    expect(calendar.weekNow(weeks, busy, '2027-06-01')).toBe('2027-01-04');
    expect(calendar.weekNow([], busy, '2027-06-01')).toBeUndefined();
  });

  test('exams are in order of day and hour, each of their days', () => {
    const late = entry('exam', 840, '2027-01-20');
    const early = entry('exam', 540, '2027-01-20', '2027-03-01');
    const exams = calendar.examsOf([late, lecture, early]);
    expect(exams.map((x) => [x.day, x.entry.start])).toEqual([
      ['2027-01-20', 540],
      ['2027-01-20', 840],
      ['2027-03-01', 540],
    ]);
  });
});

describe('results', () => {
  const result = (more: Partial<ResultView>): ResultView => ({
    course: 'C',
    name: null,
    component: null,
    attempt: 1,
    grade: '7.0',
    credits: 5,
    date: '2026-01-20',
    passed: true,
    counts: true,
    ...more,
  });
  const rows = (...list: ResultView[]) =>
    resultRows(list).map((r) => [r.result.course, r.result.attempt, r.result.component, r.under]);

  test('a course stands before its parts, attempt by attempt', () => {
    const list = rows(
      result({ component: 'essay' }),
      result({}),
      result({ component: 'essay', attempt: 2 }),
      result({ attempt: 2 }),
    );
    expect(list).toEqual([
      ['C', 1, null, false],
      ['C', 1, 'essay', true],
      ['C', 2, null, false],
      ['C', 2, 'essay', true],
    ]);
  });

  test('a part whose course has no result yet stands alone', () => {
    expect(rows(result({ component: 'essay' }))).toEqual([['C', 1, 'essay', false]]);
  });
});

describe('messages', () => {
  const view = (kind: string, course?: string) =>
    message({ kind, ...(course && { course }) }).message;

  test('each has a topic, and the way to what it is about', () => {
    const check = (kind: string, topic: string, link: string) =>
      expect([topicOf(kind), linkOf(view(kind, 'A/B C'))]).toEqual([topic, link]);
    check('refused', 'outcomes', '/outcomes#A%2FB%20C');
    check('promoted', 'waitlists', '/outcomes#A%2FB%20C');
    check('capacity_changed', 'sections', '/outcomes#A%2FB%20C');
    check('ticket_ended', 'windows', '/opening');
    check('result_corrected', 'results', '/results#A%2FB%20C');
    expect(linkOf(view('dropped'))).toBe('/outcomes');
  });

  test('what another tab has read is read here, and no more', () => {
    const [old, fresh] = [4, 9].map((journal) => message({ journal, id: `${journal}.0` }).message);
    const before = { ...initial(), messages: [fresh, old] as never, unread: 2 };
    const [s] = reduce(before, { type: 'read', up_to: 4, unread: 1, sequence: 7 });
    expect(s.messages?.map((m) => m.read)).toEqual([false, true]);
    expect([s.unread, s.sequence]).toEqual([1, 7]);
    const none = reduce(initial(), { type: 'read', up_to: 4, unread: 0, sequence: 7 })[0];
    expect(none.messages).toBeNull();
  });

  test('what she prefers on another device is preferred here', () => {
    const preferences = { language: 'en', notify: true, topics: ['results'] };
    const [s] = reduce(initial(), { type: 'preferences', preferences, sequence: 8 });
    expect(s.preferences).toEqual(preferences);
  });
});

test('a request for certain sections accepts nothing else, and no waitlist', () => {
  const choices = [['C/L1'], ['C/T1']];
  expect(exactly('C', ['C/L1', 'C/T1'])).toEqual({ course: 'C', choices, waitlist: false });
});

test('a copy to keep names outcome, time and receipt, and whose word decides', () => {
  const text = receiptText({ title: 'Outcomes', lines: ['Student 1'], footer: 'They decide.' }, [
    {
      course: 'Law',
      code: 'L-1',
      outcome: 'Enrolled',
      sections: ['tutorial W1'],
      decided: 'Decided at noon',
      number: 'No. 7',
    },
    { course: 'Art', code: 'A-1', outcome: 'Refused', sections: [], decided: '', number: 'No. 8' },
  ]);
  const [law, art] = [
    'Law (L-1)\n  Enrolled\n  tutorial W1\n  Decided at noon\n  No. 7',
    'Art (A-1)',
  ];
  expect(text).toContain(`Student 1\n\n${law}\n\n${art}\n  Refused\n  No. 8\n`);
  expect(text.trimEnd().endsWith('They decide.')).toBe(true);
});

test('the tab’s icon has the place first, else the news in a disc, else it is the plain one', () => {
  const text = (icon: string) => />([^<>]+)<\/text>/.exec(decodeURIComponent(icon))?.[1];
  expect(iconOf(undefined, 0)).toBe('/sluis.svg');
  expect(['999', '1k+']).toEqual([text(iconOf(999, 3)), text(iconOf(1000, 3))]);
  expect(['9', '9+']).toEqual([text(iconOf(undefined, 9)), text(iconOf(undefined, 10))]);
  expect(iconOf(7, 7)).not.toContain('circle');
  expect(iconOf(undefined, 7)).toContain('circle');
});
