import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { accepts, choose, keeping, known, newRequest } from '../src/model/choices';
import { check, lot } from '../src/model/lottery';
import { clash, clashesIn, place, type Slot, weekRanges } from '../src/model/week';
import { closedBeforeTurn, covers, submittable, termsAhead } from '../src/model/windows';
import { initial } from '../src/store/state';
import { course, message, outcome, win } from './samples';

describe('choices', () => {
  const c = course();
  test('a tap takes in, takes out, and ranks', () => {
    const one = choose(c, [], 1, 'C/T1');
    expect(one).toEqual(['any', ['C/T1']]);
    const two = choose(c, one, 1, 'C/T2');
    expect(choose(c, two, 1, 'C/T2', 'up')).toEqual(['any', ['C/T2', 'C/T1']]);
    expect(choose(c, two, 1, 'C/T1')).toEqual(['any', ['C/T2']]);
    expect(choose(c, one, 1, 'C/T1')).toEqual(['any', 'any']);
    expect(choose(c, two, 1, null)).toEqual(['any', 'any']);
    expect(choose(c, one, 1, 'C/T1', 'in')).toEqual(one);
  });

  test('any accepts every section', () => {
    expect(accepts(c, undefined, 'C/T1')).toBe(true);
    expect(accepts(c, ['any', ['C/T2']], 'C/T1')).toBe(false);
    expect(newRequest('C', c)).toEqual({ course: 'C', choices: ['any', 'any'], waitlist: true });
  });

  test('of a request that is not known any more, the rest stays', () => {
    const request = { course: 'C', choices: [['C/L1', 'C/L9'], ['C/T9']], waitlist: true };
    expect(known(request, c)).toEqual([{ ...request, choices: [['C/L1'], 'any'] }]);
    expect(known({ course: 'C', waitlist: true }, c)).toEqual([newRequest('C', c)]);
    expect(known(request, null)).toEqual([]);
  });

  test('a swap keeps what she did not touch, unless it cannot go with the new', () => {
    const own = ['C/L1', 'C/T1'];
    expect(keeping(c, own, ['any', ['C/T1']])).toEqual([['C/L1'], ['C/T1']]);
    expect(keeping(c, own, ['any', ['C/T2']])).toEqual(['any', ['C/T2']]);
    expect(keeping(c, own, [['C/L2'], 'any'])).toEqual([['C/L2'], 'any']);
  });
});

describe('windows', () => {
  test('a window is for its term and its scope', () => {
    expect(covers(win('open'), course())).toBe(true);
    expect(covers({ ...win('open'), term: '2027-1' }, course())).toBe(false);
    expect(covers({ ...win('open'), scope: 'exams' }, course())).toBe(false);
    expect(covers({ ...win('open'), scope: 'exams' }, { ...course(), part_of: 'B' })).toBe(true);
    expect(covers({ ...win('open'), scope: 'only', only: ['D'] }, course())).toBe(false);
  });

  test('one that closed before her turn is known by its last message', () => {
    const told = (...kinds: string[]) =>
      kinds.map((kind) => message({ kind, window: 'w' }).message).reverse();
    const ended = (...kinds: string[]) => closedBeforeTurn(win('closed'), told(...kinds));
    expect(ended('window_opened', 'ticket_ended', 'window_closed')).toBe(true);
    expect(ended('window_opened', 'window_closed', 'ticket_ended')).toBe(true);
    expect(ended('window_opened', 'window_closed')).toBe(false);
    expect(ended('window_opened', 'ticket_ended', 'window_reset', 'window_closed')).toBe(false);
    const elsewhere = message({ kind: 'ticket_ended', window: 'v' }).message;
    expect(closedBeforeTurn(win('closed'), [elsewhere])).toBe(false);
    expect(closedBeforeTurn(win('open'), told('ticket_ended'))).toBe(false);
  });

  test('what is asked of her now is of terms that can be registered for', () => {
    const past = { ...win('closed'), term: '2026-1' };
    expect([...termsAhead([past, win('open'), win('planned')])]).toEqual(['2026-2']);
    expect(termsAhead([past]).size).toBe(0);
  });

  test('what is decided is not submitted again by the way', () => {
    const courses = new Map([
      ['C', course()],
      ['D', { ...course(), key: 'D' }],
    ]);
    const plan = ['C', 'D'].map((key) => newRequest(key, undefined));
    const s = { ...initial(), windows: [win('open')] };
    expect(submittable(s, plan, courses)[0]).toMatchObject({ partly: false });
    const decided = { ...s, outcomes: [outcome({ outcome: 'refused' })] };
    const [found] = submittable(decided, plan, courses);
    expect([found?.rest.map((r) => r.course), found?.partly]).toEqual([['D'], true]);
    const inLine = { ...s, line: [{ window: 'w', ticket: 1, among: 2 }] };
    expect(submittable(inLine, plan, courses)).toEqual([]);
  });
});

describe('the draw', () => {
  const seed = '07'.repeat(32);
  test('a lot is SHA-256 over seed, window and ticket', async () => {
    const data = Buffer.concat([
      Buffer.alloc(32, 7),
      Buffer.from('2026-2'),
      Buffer.from([0, 0, 1, 4]),
    ]);
    const expected = createHash('sha256').update(data).digest('hex');
    expect(await lot(seed, '2026-2', 260)).toBe(expected);
  });

  test('the rank is that in the order of the lots', async () => {
    const tickets = [0, 1, 2, 3, 4, 5, 6, 7];
    const lots = await Promise.all(tickets.map((t) => lot(seed, 'w', t)));
    const order = [...tickets].sort((a, b) => ((lots[a] ?? '') < (lots[b] ?? '') ? -1 : 1));
    const seed_hash = createHash('sha256').update(Buffer.alloc(32, 7)).digest('hex');
    const draw = { seed, seed_hash, window: 'w', tickets };
    for (const [i, ticket] of order.entries()) {
      expect(await check(draw, ticket)).toEqual({ sealed: true, rank: i + 1, among: 8 });
    }
    expect((await check(draw, 99)).rank).toBeNull();
    expect((await check({ ...draw, seed_hash: '00' }, 1)).sealed).toBe(false);
  });
});

describe('the week', () => {
  const slot = (name: string, weekday: number, start: number, weeks = [1, 2]): Slot => ({
    course: name,
    section: `${name}/1`,
    kind: 'lecture',
    held: false,
    meeting: { weekday, start, end: start + 90, weeks, place: '' },
  });

  test('a clash needs a week that both share', () => {
    expect(clash(slot('A', 1, 540).meeting, slot('B', 1, 600).meeting)).toBe(true);
    expect(clash(slot('A', 1, 540).meeting, slot('B', 1, 630).meeting)).toBe(false);
    expect(clash(slot('A', 1, 540).meeting, slot('B', 1, 540, [3]).meeting)).toBe(false);
  });

  test('each pair of meetings that clash counts once, of one course none', () => {
    const [a, b, c] = ['A', 'B', 'C'].map((name) => slot(name, 1, 540)) as [Slot, Slot, Slot];
    expect([clashesIn([a]), clashesIn([a, b]), clashesIn([a, b, c])]).toEqual([0, 1, 3]);
    expect(clashesIn([a, { ...a, section: 'A/2' }])).toBe(0);
    expect(clashesIn([a, b, slot('A', 2, 540), slot('B', 2, 540)])).toBe(2);
  });

  test('what overlaps stands side by side', () => {
    const placed = place([
      slot('A', 1, 540),
      slot('B', 1, 600),
      slot('C', 1, 720),
      slot('D', 2, 540),
    ]);
    expect(placed.map((p) => [p.course, p.lane, p.lanes, p.clashes])).toEqual([
      ['A', 0, 2, ['B']],
      ['B', 1, 2, ['A']],
      ['C', 0, 1, []],
      ['D', 0, 1, []],
    ]);
  });

  test('weeks are told as ranges', () => {
    expect(weekRanges([6, 7, 8, 11, 13, 14])).toBe('6–8, 11, 13–14');
  });
});
