// The console's words: an entry of the log, why an outcome came out as it did, what is ready.
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { enFileRegistrar } from '../src/i18n/en-file-registrar';
import { enImport } from '../src/i18n/en-import';
import { enRegistrar } from '../src/i18n/en-registrar';
import type { AuditEntry } from '../src/wire/AuditEntry';
import type { WhySection } from '../src/wire/WhySection';
import type { WhyStep } from '../src/wire/WhyStep';

// What the texts and the store ask of a browser.
vi.stubGlobal('localStorage', { getItem: () => 'en', setItem: () => undefined });
vi.stubGlobal('addEventListener', () => undefined);
vi.stubGlobal('location', { pathname: '/', hash: '' });
vi.useFakeTimers();

const audit = await import('../src/views/registrar/model/audit');
const why = await import('../src/views/registrar/model/why');
const { checkValue } = await import('../src/views/registrar/model/ready');
const { loadMoreTexts, loadTexts } = await import('../src/i18n');
const { problemText } = await import('../src/views/registrar/parts/act');
const { Failed } = await import('../src/store/api');

beforeAll(async () => {
  await loadTexts();
  const own = async () => ({ ...enRegistrar, ...enFileRegistrar, ...enImport });
  await loadMoreTexts('registrar', { nl: own, en: own });
});

const entry = (more: Partial<AuditEntry>): AuditEntry => ({
  journal: 7,
  at: 1,
  by: 'registrar',
  action: 'section_capacity',
  subject: 'LAW-1/T1',
  before: '30',
  after: '80',
  reason: 'A larger room',
  ...more,
});

describe('the log', () => {
  test('tells what was, and what became of it', () => {
    expect(audit.actionName('section_capacity')).toBe('Capacity changed');
    expect(audit.actionName('new_thing')).toBe('new_thing');
    expect(audit.change(entry({}))).toBe('30 → 80');
    expect(audit.change(entry({ before: null }))).toBe('80');
    expect(audit.change(entry({ before: 'planned', after: 'open' }))).toBe('not open yet → open');
    const after = 'opens 2027-01-11T12:00:00Z, closes by hand';
    const times = audit.change(entry({ before: null, after }));
    expect(times).toMatch(/^opens 11 Jan 2027.* closes by hand$/);
    const held = (text: string) => audit.change(entry({ before: null, after: text }));
    expect(held('1 courses, 1 sections, 2000 students')).toBe('1 course, 1 group, 2,000 students');
    expect(held('We open for 1 courses, 3 students')).toBe('We open for 1 courses, 3 students');
    expect(audit.change(entry({ after: null }))).toBe('30 → –');
    expect(audit.change(entry({ before: null, after: null }))).toBe('');
  });

  test('names what did it by itself', () => {
    const names = ['anna', 'schedule', 'command-line'].map((by) => audit.authorName(by));
    expect(names).toEqual(['anna', 'by itself, on time', 'command line']);
  });

  test('has words for every action that the gateway names', () => {
    expect(audit.ACTIONS.filter((a) => audit.actionName(a) === a)).toEqual([]);
  });

  test('is searched by every word, and by action', () => {
    expect(audit.finds(entry({}), '', '')).toBe(true);
    expect(audit.finds(entry({}), '', 'room law-1')).toBe(true);
    expect(audit.finds(entry({}), '', 'room law-2')).toBe(false);
    expect(audit.finds(entry({}), '', 'registrar capacity')).toBe(true);
    expect(audit.finds(entry({}), 'window_open', '')).toBe(false);
  });
});

test('a problem is told in the language of the page: no English advice behind a Dutch title', () => {
  const says = (status: number, code: string) =>
    problemText(new Failed(status, code, 'Ongeldige inhoud', 'see /api/openapi.json'));
  expect(says(422, 'quite_new')).toBe('Ongeldige inhoud');
  expect(says(422, 'invalid')).toBe(enRegistrar['problem.invalid']);
  expect(says(504, 'unconfirmed')).toBe(says(504, 'http_504'));
  expect(says(504, 'unconfirmed')).toMatch(/may have been done/);
  expect(says(503, 'stopping')).toBe(enRegistrar['form.busy']);
});

describe('why', () => {
  const step = (more: Partial<WhyStep>): WhyStep => ({
    key: 'seats',
    state: 'stopped',
    value: null,
    of: null,
    about: null,
    ...more,
  });

  test('a fact and a check are sentences', () => {
    const says = (more: Partial<WhyStep>) => why.stepText(step(more));
    expect(says({})).toBe('No combination that she accepts had a seat in each part.');
    expect(says({ key: 'drawn', state: 'fact', value: '1204', of: '9000' })).toBe(
      'Drawn as number 1,204 of 9,000.',
    );
    expect(says({ key: 'credits', value: '35', of: '40', about: '7.5' })).toBe(
      'She had 35 ECTS; with the 7.5 of this course over the limit (40).',
    );
    expect(says({ key: 'credits', state: 'passed', value: '0', about: '5' })).toContain('(none)');
    expect(says({ key: 'blocked', value: 'TUITION' })).toBe('She was blocked: TUITION.');
    expect(says({ key: 'prerequisites', value: 'A-1, B-2', of: 'A-1, B-2, C-3' })).toBe(
      'She had not passed A-1, B-2.',
    );
    expect(says({ key: 'waitlist', state: 'passed', value: '12', of: '9000', about: '13' })).toBe(
      'She came on the waitlist, as number 13; 12 stood on it.',
    );
    expect(says({ key: 'waitlist', value: '0', about: 'not_asked' })).toBe(
      'She had not asked for the waitlist.',
    );
    expect(says({ key: 'clash', state: 'not_reached' })).toBe('Clashes: not looked at any more.');
    expect(says({ key: 'weather', state: 'stopped', value: 'rain' })).toBe('weather · rain');
  });

  test('there are words for every step, in every state', () => {
    const checks = 'has_already window_covers blocked prerequisites credits open clash seats';
    for (const key of `${checks} waitlist`.split(' ')) {
      for (const state of ['passed', 'stopped', 'not_reached']) {
        expect(why.stepText(step({ key, state })), `${key} ${state}`).toMatch(/^[A-Z].*\.$/);
      }
    }
    for (const key of 'window ticket drawn served plan_place ahead'.split(' ')) {
      expect(why.stepText(step({ key, state: 'fact', value: '1', of: '2' }))).toMatch(
        /^[A-Z0-9].*\.$/,
      );
    }
    for (const rule of 'lottery arrival direct swap drop leave waitlist'.split(' ')) {
      expect(why.ruleText(rule)).toMatch(/\.$/);
    }
  });

  test('a group as it was then', () => {
    const section = (more: Partial<WhySection>): WhySection => ({
      section: 'C/T1',
      kind: 'tutorial',
      rank: 1,
      capacity: 20,
      left: 0,
      status: 'open',
      clash: null,
      granted: false,
      ...more,
    });
    expect(why.rankText(section({}))).toBe('choice 1');
    expect(why.rankText(section({ rank: 0 }))).toBe('any group');
    expect(why.rankText(section({ rank: null }))).toBe('not wanted');
    expect(why.seatsText(section({}))).toBe('0 of 20 left');
    expect(why.seatsText(section({ capacity: null, left: null }))).toBe('room for all');
    const tried = { sections: ['C/H1', 'C/T1'], state: 'full', about: 'C/T1' };
    expect(why.combinationText(tried)).toBe('H1 + T1: T1 was full');
  });
});

test('what readiness found is told in the reader’s figures', () => {
  const found = (key: string, value: string | null, of: string | null = null) =>
    checkValue({ key, state: 'ok', value, of });
  expect(found('armed', '12000', '18000')).toBe('12,000 of 18,000');
  expect(found('students', '34000')).toBe('34,000');
  expect(found('order', 'lottery')).toBe('a lottery among the armed');
  expect(found('window', null, 'planned')).toBe('planned, no time set');
  expect(found('disk', '52000000000', '100000000000')).toBe('52 GB of 100 GB');
  expect(found('disk', null)).toBe('not known');
  expect(found('snapshot', '1')).toBe('1 record since the newest');
  expect(found('seed_hash', 'ab'.repeat(32))).toBe('abababababab…');
});
