// One more section: its form, the file that it makes, and what a file changes in words.
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { enImport } from '../src/i18n/en-import';
import { course } from './samples';

// What the texts ask of a browser.
vi.stubGlobal('localStorage', { getItem: () => 'en', setItem: () => undefined });
vi.stubGlobal('addEventListener', () => undefined);
vi.stubGlobal('location', { pathname: '/', hash: '' });
vi.stubGlobal('document', { documentElement: { lang: 'en' } });

const addition = await import('../src/views/registrar/model/addition');
const { faultParts, thing } = await import('../src/views/registrar/model/imported');
const { loadMoreTexts, loadTexts } = await import('../src/i18n');
const { addSection, importCourses } = await import('../src/store/registrar');

beforeAll(async () => {
  await loadTexts();
  const own = async () => enImport;
  await loadMoreTexts('registrar', { nl: own, en: own });
});

const tutorial = () => {
  const [, second] = course().components;
  const like = second?.sections[0];
  if (!like) throw new Error('the sample has a tutorial');
  return like;
};
const form = () => addition.formLike(course(), tutorial(), 20);
const keyOf = (found: { key: string } | null | undefined) => found?.key;

describe('the form', () => {
  test('begins as the section that it is made after, with the next key that is free', () => {
    expect(form()).toEqual({
      key: 'T3',
      seats: '20',
      unlimited: false,
      meetings: [{ day: 1, start: '9.00', end: '10.30', weeks: '6-8', place: 'A1' }],
    });
    expect(addition.formLike(course(), tutorial(), null)).toMatchObject({ unlimited: true });
    const odd = { ...tutorial(), key: 'C/avond' };
    expect(addition.nextKey(course(), odd)).toBe('avond2');
  });

  test('each week is left empty, and comes back as each week', () => {
    const all = Array.from({ length: 53 }, (_, i) => i + 1);
    const meeting = { weekday: 7, start: 0, end: 1440, weeks: all, place: '' };
    expect(addition.meetingForm(meeting)).toMatchObject({ weeks: '', end: '24.00' });
    expect(addition.weeks('')).toEqual({ value: null });
  });

  test('refuses each field that is wrong, in its place', () => {
    const wrong = { day: 1, start: '9.17', end: '25.00', weeks: '54', place: '' };
    const turned = { day: 1, start: '11:00', end: '9:00', weeks: '6-8,10', place: '' };
    const found = addition.faults(course(), {
      key: 'L2',
      seats: '-1',
      unlimited: false,
      meetings: [wrong, turned],
    });
    expect(found?.key).toEqual({ key: 'fault.groupTaken', params: { key: 'L2' } });
    expect(keyOf(found?.seats)).toBe('fault.between');
    const faults = found?.meetings.map((m) => [m.start, m.end, m.weeks].map((f) => keyOf(f)));
    expect(faults).toEqual([
      ['fault.time', 'fault.time', 'fault.weeks'],
      [undefined, 'fault.timeOrder', undefined],
    ]);
    expect(keyOf(addition.faults(course(), { ...form(), key: ' ' })?.key)).toBe('fault.group');
    expect(keyOf(addition.faults(course(), { ...form(), key: 'T 3' })?.key)).toBe('fault.code');
    expect(addition.faults(course(), form())).toBeNull();
  });

  test('reads times and weeks as they are written, and nothing else', () => {
    for (const [text, minutes] of [
      ['9.15', 555],
      ['09:15', 555],
      ['24:00', 1440],
      ['0:00', 0],
    ])
      expect(addition.time(`${text}`), `${text}`).toEqual({ value: minutes });
    for (const text of ['', '9', '9.5', '9.61', '24.05', '9.15u', '-1.00'])
      expect(addition.time(text), text).toHaveProperty('fault');
    expect(addition.weeks(' 6–12, 14 ')).toEqual({ value: '6-12, 14' });
    for (const text of ['0', '9-6', '6,,7', 'odd weeks', '1-54', '6-7-8'])
      expect(addition.weeks(text), text).toHaveProperty('fault');
  });
});

test('the file names each part of the course as it is, and the one section more', () => {
  const typed = { ...form(), seats: '25', meetings: [{ ...form().meetings[0], place: ' B2 ' }] };
  const meetings = [{ day: 1, start: '09:00', end: '10:30', weeks: [6, 7, 8], place: 'A1' }];
  const added = [{ day: 1, start: '09:00', end: '10:30', weeks: '6-8', place: 'B2' }];
  const { key: code, credits: ects, part_of: _, components: __, ...rest } = course();
  expect(addition.fileOf(course(), tutorial(), typed as never)).toEqual({
    courses: [
      {
        ...rest,
        code,
        ects,
        description: null,
        components: [
          { kind: 'lecture', sections: [{ key: 'L1', capacity: 20, parent: null, meetings }] },
          {
            kind: 'tutorial',
            sections: [{ key: 'T3', capacity: 25, parent: 'L1', meetings: added }],
          },
        ],
      },
    ],
  });
});

test('what a file changes is named in the reader’s words', () => {
  expect(thing('section C/T3')).toBe('group C/T3');
  expect(thing('section C/T1: capacity 30 to unlimited')).toBe(
    'group C/T1: from 30 to unlimited seats',
  );
  expect(thing('course C')).toBe('course C');
  expect(thing('weather C')).toBe('weather C');
});

test('a fault of a file is its line and what is wrong', () => {
  expect(faultParts('a b.toml:17: course C: name is empty; give a name')).toEqual({
    line: 17,
    what: 'course C: name is empty; give a name',
  });
  expect(faultParts('a.toml: is no text')).toEqual({ line: null, what: 'a.toml: is no text' });
  expect(faultParts('and 3 more')).toEqual({ line: null, what: 'and 3 more' });
});

describe('over HTTP', () => {
  const answer = (more: object) => ({
    applied: false,
    journal: null,
    added: [],
    changed: [],
    unchanged: 1,
    kept: [],
    ...more,
  });
  /** Answers in turn; notes what was asked. */
  function gateway(...answers: object[]) {
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (path: string, { body }: { body: ArrayBuffer }) => {
      asked.push(path);
      expect(new TextDecoder().decode(body)).toContain('{');
      const { status = 200, ...json } = answers[asked.length - 1] as { status?: number };
      return { ok: status === 200, status, json: async () => json };
    });
    return asked;
  }

  test('a section is looked at first, then added', async () => {
    const would = answer({ added: ['section C/T3'] });
    const asked = gateway(would, { ...would, applied: true, journal: 9 });
    expect(await addSection('C/T3', {})).toMatchObject({ journal: 9 });
    expect(asked).toEqual([
      '/api/admin/catalogue?name=C%2FT3.json&dry_run=true',
      '/api/admin/catalogue?name=C%2FT3.json',
    ]);
  });

  test('nothing is added when more than that would change, or it is there by now', async () => {
    for (const would of [
      { added: ['section C/T3'], changed: ['course C'] },
      { changed: ['section C/T3'] },
      {},
    ]) {
      const asked = gateway(answer(would), answer({ applied: true }));
      await expect(addSection('C/T3', {})).rejects.toMatchObject({ code: 'course_changed' });
      expect(asked).toHaveLength(1);
    }
  });

  test('the faults of a file come with what was refused', async () => {
    const faults = ['a.toml:7: capacity is -1; give seats from 0'];
    gateway({ status: 422, code: 'import_invalid', title: 'Fouten', faults });
    const file = new TextEncoder().encode('{}').buffer;
    await expect(importCourses(file, 'a.toml', true)).rejects.toMatchObject({ faults });
  });
});
