// What the registrar's console rests on: its forms, its lists, its words.
import { describe, expect, test } from 'vitest';
import * as check from '../src/views/registrar/model/check';
import { firstSections, placeFault } from '../src/views/registrar/model/place';
import {
  filled,
  fullness,
  matches,
  pageBounds,
  paged,
  sorted,
} from '../src/views/registrar/model/sections';
import type { BoardSection } from '../src/wire/BoardSection';
import type { DemandSection } from '../src/wire/DemandSection';
import { course } from './samples';

/** The key of what is wrong, or the value. */
const came = <T>(checked: check.Checked<T>): unknown =>
  'fault' in checked ? checked.fault.key : checked.value;

describe('a form refuses', () => {
  test('a reason that is left out where it is needed, too long, or no plain text', () => {
    expect(came(check.reason('  ', true))).toBe('fault.reason');
    expect(came(check.reason('', false))).toBeNull();
    expect(came(check.reason(' by the dean ', true))).toBe('by the dean');
    expect(came(check.reason('é'.repeat(300), true))).toBe('é'.repeat(300));
    expect(came(check.reason('𝄞'.repeat(301), true))).toBe('fault.long');
    for (const sign of ['\n', '\u0007', '\u202e', '\u2028']) {
      expect(came(check.reason(`a${sign}b`, false)), JSON.stringify(sign)).toBe('fault.control');
    }
  });

  test('a capacity or a pace that is no whole number within its bounds', () => {
    expect(came(check.capacity('80', false))).toBe(80);
    expect(came(check.capacity('0', false))).toBe(0);
    expect(came(check.capacity('1000000', false))).toBe(1_000_000);
    expect(came(check.capacity('', false))).toBe('fault.number');
    expect(came(check.capacity('', true))).toBeNull();
    expect(came(check.capacity('-1', false))).toBe('fault.between');
    expect(came(check.capacity('1000001', false))).toBe('fault.between');
    for (const text of ['8.5', '8e3', 'veel', '0x10']) {
      expect(came(check.capacity(text, false)), text).toBe('fault.whole');
    }
    expect(came(check.pace('0', false))).toBe('fault.between');
    expect(came(check.pace('1', false))).toBe(1);
    expect(came(check.pace('', true))).toBeNull();
  });

  test('times that have passed, or an end before the start', () => {
    const now = new Date('2027-01-11T12:00:00').getTime();
    const at = (opens: string, closes: string, open = false) => {
      const found = check.schedule(opens, closes, now, open);
      if ('value' in found) return found.value;
      return [found.opens?.key ?? null, found.closes?.key ?? null];
    };
    const one = new Date('2027-01-11T13:00:00').getTime();
    expect(at('2027-01-11T13:00', '')).toEqual({ opens_at: one, closes_at: null });
    expect(at('', '')).toEqual({ opens_at: null, closes_at: null });
    expect(at('2027-01-11T12:00', '')).toEqual(['fault.past', null]);
    expect(at('2027-01-11T13:00', '2027-01-11T13:00')).toEqual([null, 'fault.endBefore']);
    expect(at('2027-01-11T13:00', '2027-01-11T12:30')).toEqual([null, 'fault.endBefore']);
    expect(at('', '2027-01-11T11:59')).toEqual([null, 'fault.endPast']);
    expect(at('2027-13-41T99:00', 'x')).toEqual(['fault.moment', 'fault.moment']);
    // What is open was opened in the past; only its end can be wrong.
    expect(at('2027-01-11T11:00', '2027-01-11T13:00', true)).toMatchObject({ closes_at: one });
  });

  test('a moment is written as the field has it, and read back', () => {
    const ms = new Date('2027-01-09T08:05:03').getTime();
    expect(check.momentText(ms)).toBe('2027-01-09T08:05:03');
    expect(came(check.moment(check.momentText(ms)))).toBe(ms);
    expect(check.momentText(null)).toBe('');
  });

  test('an announcement without words, or longer than the gateway takes', () => {
    expect(came(check.announcement(' \n '))).toBe('fault.announcement');
    expect(came(check.announcement('One line,\r\n another.'))).toBe('One line, another.');
    expect(came(check.announcement('a'.repeat(500)))).toBe('a'.repeat(500));
    expect(came(check.announcement('a'.repeat(501)))).toBe('fault.long');
    expect(came(check.announcement('漢'.repeat(334)))).toBe('fault.bytes');
    expect(came(check.announcement('a\u0000b'))).toBe('fault.control');
  });

  test('a code that no file may have', () => {
    expect(came(check.code(' s1000001 ', 'fault.student'))).toBe('s1000001');
    expect(came(check.code('LAW-1010#exam/1', 'fault.course'))).toBe('LAW-1010#exam/1');
    expect(came(check.code('', 'fault.student'))).toBe('fault.student');
    expect(came(check.code('a b', 'fault.student'))).toBe('fault.code');
    expect(came(check.code('a'.repeat(65), 'fault.student'))).toBe('fault.code');
  });
});

const demand = (section: string, shortage: number, first_choices = 1): DemandSection => ({
  section,
  course: 'C',
  name: { nl: 'Poëzie', en: 'Poetry' },
  kind: 'tutorial',
  capacity: 20,
  first_choices,
  all_choices: 9,
  shortage,
});

describe('lists', () => {
  test('the shortest of seats stands first, equals in the order of their keys', () => {
    const list = [demand('C/2', 3), demand('C/1', 3), demand('C/3', 8, 0)];
    const keys = (by: Parameters<typeof sorted>[1]) => sorted(list, by).map((s) => s.section);
    expect(keys('shortage')).toEqual(['C/3', 'C/1', 'C/2']);
    expect(keys('first_choices')).toEqual(['C/1', 'C/2', 'C/3']);
    expect(keys('code')).toEqual(['C/1', 'C/2', 'C/3']);
    expect(list[0]?.section).toBe('C/2');
  });

  test('a search finds every word in the key or a name, without accents', () => {
    expect(matches(demand('LAW-1/T2', 0), 'poezie t2')).toBe(true);
    expect(matches(demand('LAW-1/T2', 0), 'POETRY')).toBe(true);
    expect(matches(demand('LAW-1/T2', 0), 'poetry t3')).toBe(false);
    expect(matches(demand('LAW-1/T2', 0), '')).toBe(true);
  });

  test('pages begin at one, and one that is no longer there is the last', () => {
    const list = [1, 2, 3, 4, 5];
    expect(paged(list, 1, 2)).toMatchObject({ items: [1, 2], pages: 3, from: 1, to: 2 });
    expect(paged(list, 9, 2)).toMatchObject({ items: [5], page: 3, from: 5, to: 5 });
    expect(paged(list, 0, 2).page).toBe(1);
    expect(paged([], 1, 2)).toMatchObject({ items: [], pages: 1, from: 0, to: 0 });
    expect(pageBounds(100, 2, 50)).toEqual({ page: 2, pages: 2, from: 51, to: 100 });
  });

  test('how full a section is', () => {
    const of = (capacity: number | null, taken: number) => {
      const s = { capacity, taken } as BoardSection;
      return [filled(s), fullness(s)];
    };
    expect(of(20, 10)).toEqual([0.5, 'room']);
    expect(of(20, 18)).toEqual([0.9, 'tight']);
    expect(of(20, 20)).toEqual([1, 'full']);
    expect(of(20, 23)).toEqual([1, 'over']);
    expect(of(0, 0)).toEqual([0, 'full']);
    expect(of(null, 400)).toEqual([0, 'room']);
  });
});

describe('a place for a student', () => {
  const c = course();
  test('is what was chosen, else what she has, else what goes together and has room', () => {
    expect(firstSections(c, [], {})).toEqual(['C/L1', 'C/T1']);
    expect(firstSections(c, [], { 0: 'C/L2' })).toEqual(['C/L2', 'C/T2']);
    expect(firstSections(c, ['C/L2', 'C/T2'], {})).toEqual(['C/L2', 'C/T2']);
    expect(firstSections(c, ['C/L2', 'C/T2'], { 0: 'C/L1' })).toEqual(['C/L1', 'C/T1']);
    const [lectures, tutorials] = c.components;
    const full = { ...lectures?.sections[0], left: 0 };
    const scarce = {
      ...c,
      components: [{ ...lectures, sections: [full, lectures?.sections[1]] }, tutorials],
    } as typeof c;
    expect(firstSections(scarce, [], {})).toEqual(['C/L2', 'C/T2']);
  });

  test('a move moves her', () => {
    expect(placeFault(['C/L1', 'C/T1'], ['C/L1', 'C/T1'])?.key).toBe('fault.sameSections');
    expect(placeFault(['C/L1', 'C/T2'], ['C/L1', 'C/T1'])).toBeNull();
    expect(placeFault(['C/L1'], undefined)).toBeNull();
  });
});
