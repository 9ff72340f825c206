// The reducer over messages as the gateway sends them.
import { describe, expect, test } from 'vitest';
import { answered, canonical, reduce } from '../src/store/reducer';
import { type CourseRequest, initial, type Request, type State } from '../src/store/state';
import type { OutcomeView } from '../src/wire/OutcomeView';
import type { ServerMessage } from '../src/wire/ServerMessage';
import type { WindowView } from '../src/wire/WindowView';
import {
  message,
  outcome,
  outcomes,
  position,
  served,
  welcome,
  win,
  windowMessage,
} from './samples';

const told = (state: State, ...list: ServerMessage[]) =>
  list.reduce((s, m) => reduce(s, m, 1000)[0], state);
const run = (...list: ServerMessage[]) => told(initial(), ...list);

describe('the place in line', () => {
  test('its progress never runs backwards', () => {
    const done = (...at: number[]) => run(welcome(), ...at.map(position)).positions.w?.done;
    expect(done(40)).toBe(0);
    expect(done(40, 10)).toBe(0.75);
    expect(done(40, 10, 20)).toBe(0.75);
  });

  test('a position makes the ticket known, whose number is not', () => {
    expect(run(welcome(), position(4)).line).toEqual([{ window: 'w', ticket: null, among: 50 }]);
  });

  test('the number of a ticket is kept when its turn is over, for the check of the draw', () => {
    const armed: ServerMessage = { type: 'armed', window: 'w', ticket: 17, among: 4 };
    const s = run(welcome(), armed, position(1), served('w', outcome({})));
    expect([s.line, s.tickets]).toEqual([[], { w: 17 }]);
    expect(told(s, windowMessage(win('planned', 1))).tickets).toEqual({});
  });

  test('her own arming and leaving count at once', () => {
    const planned = { ...welcome(), windows: [{ ...win('planned'), waiting: 599 }] };
    const armed: ServerMessage = { type: 'armed', window: 'w', ticket: 17, among: 600 };
    const s = run(planned, armed);
    expect(s.windows[0]?.waiting).toBe(600);
    const left = told(s, { type: 'disarmed', window: 'w' });
    expect(left.windows[0]?.waiting).toBe(599);
    expect(told(left, { type: 'disarmed', window: 'w' }).windows[0]?.waiting).toBe(599);
  });

  test('a position changes its place and nothing that other parts are drawn from', () => {
    const before = run(welcome(), position(40));
    const after = told(before, position(39));
    const same = Object.keys(before).filter(
      (key) => before[key as keyof State] === after[key as keyof State],
    );
    const changed = Object.keys(before).filter((key) => !same.includes(key));
    expect(changed.filter((key) => key !== 'pending')).toEqual(['positions']);
    expect(after.pending).toBe(before.pending);
  });

  test('a forecast that is the same stays the same object', () => {
    const view = (course: string, seats_left: number) => ({
      course,
      seats_left,
      verdict: 'likely',
      alternatives: [],
    });
    const say = (...courses: ReturnType<typeof view>[]): ServerMessage => ({
      type: 'forecast',
      window: 'w',
      courses,
    });
    const before = run(welcome(), position(4), say(view('A', 3), view('B', 5)));
    const after = told(before, say(view('A', 3), view('B', 4)));
    expect(after.forecasts.w?.[0]).toBe(before.forecasts.w?.[0]);
    expect(after.forecasts.w?.[1]).toEqual(view('B', 4));
  });

  const inBoth = () => {
    const windows = ['w', 'v'].map((key) => ({ ...win('open'), key }));
    return run({ ...welcome(), windows }, position(9), { ...position(5), window: 'v' });
  };

  test('with two lines open, outcomes end the one that they were drawn from', () => {
    const s = told(inBoth(), served('v', outcome({})));
    expect([Object.keys(s.positions), s.line.map((l) => l.window)]).toEqual([['w'], ['w']]);
    expect(told(s, served('w', outcome({ course: 'D', journal: 8 }))).line).toEqual([]);
  });

  test('outcomes of a request of its own end no line', () => {
    expect(told(inBoth(), outcomes(outcome({}))).line).toHaveLength(2);
  });

  test('a window that closes ends the place in its line, and no other', () => {
    const s = told(inBoth(), windowMessage(win('closed')));
    expect([Object.keys(s.positions), s.line.map((l) => l.window)]).toEqual([['v'], ['v']]);
    const ended = message({ kind: 'ticket_ended', window: 'v' });
    expect([told(s, ended).positions, told(s, ended).line]).toEqual([{}, []]);
    const before = message({ kind: 'ticket_ended', window: 'v', journal: 4 });
    expect(told(s, before).line, 'an older ticket, before this one was taken').toHaveLength(1);
  });

  test('giving it up takes place and forecast away', () => {
    const s = run(
      welcome(),
      position(4),
      { type: 'forecast', window: 'w', courses: [] },
      { type: 'disarmed', window: 'w' },
    );
    expect([s.line, s.positions, s.forecasts]).toEqual([[], {}, {}]);
  });
});

describe('what the registrar does', () => {
  const announced = (journal: number): ServerMessage => ({
    type: 'announcement',
    journal,
    at: 1,
    text: { nl: `mededeling ${journal}`, en: `announcement ${journal}` },
  });

  test('an announcement is shown once, newest first, three at most', () => {
    const s = run(welcome(), ...[5, 6, 6, 7, 8].map(announced));
    expect(s.announcements.map((a) => a.journal)).toEqual([8, 7, 6]);
    expect(reduce(s, announced(9))[1]).toEqual([
      { kind: 'announcement', announcement: expect.objectContaining({ journal: 9 }) },
    ]);
    expect(reduce(s, announced(8))[1]).toEqual([]);
  });

  test('an announcement outlives a connection that is lost', () => {
    expect(run(welcome(), announced(5), welcome()).announcements).toHaveLength(1);
  });

  test('a seat given is hers at once, and the rest is read anew', () => {
    const kind = 'registrar_enrolled';
    const s = run(welcome(), message({ kind, course: 'C', sections: ['C/2'], journal: 9 }));
    expect(s.enrolments.map((e) => [e.course, e.sections, e.journal])).toEqual([['C', ['C/2'], 9]]);
    expect([s.stale, s.outcomes[0]?.outcome]).toEqual([true, 'enrolled']);
  });

  test('a seat moved is one seat, and a seat taken back is gone', () => {
    const one = run(welcome(), outcomes(outcome({})));
    const moved = message({ kind: 'registrar_moved', course: 'C', sections: ['C/3'], journal: 9 });
    const s = told(one, moved);
    expect(s.enrolments.map((e) => e.sections)).toEqual([['C/3']]);
    const dropped = message({ kind: 'registrar_dropped', course: 'C', journal: 10 });
    expect([told(s, dropped).enrolments, told(s, dropped).stale]).toEqual([[], true]);
  });

  test('a pause is news, and so is its end; a new pace is not', () => {
    const open = run(welcome());
    const news = (s: State, w: WindowView) => reduce(s, windowMessage(w))[1].length;
    expect(news(open, { ...win('open'), paused: true })).toBe(1);
    expect(news(open, { ...win('open'), pace: 1 })).toBe(0);
    const paused = told(open, windowMessage({ ...win('open'), paused: true }));
    expect(news(paused, win('open'))).toBe(1);
  });
});

describe('outcomes', () => {
  test('one is told once, ends the place in line and gives the seat', () => {
    const one = served('w', outcome({}));
    const s = run(welcome(), position(1), one);
    expect(s.enrolments).toEqual([{ course: 'C', sections: ['C/1'], journal: 7, at: 1 }]);
    expect([s.line, s.positions, s.sequence]).toEqual([[], {}, 4]);
    expect(reduce(run(welcome()), one)[1]).toHaveLength(1);
    expect(reduce(s, one)[1]).toHaveLength(0);
  });

  test('one makes the messages be read again; one told before does not', () => {
    const one = outcomes(outcome({}));
    const s = told({ ...run(welcome()), messages: [] }, one);
    expect([s.messages, s.unread]).toEqual([null, 1]);
    expect(told({ ...s, messages: [] }, one).messages).toEqual([]);
  });

  test('a refused swap keeps what she has, and the place in line', () => {
    const pending: Record<string, Request> = {
      b: { type: 'swap', id: 'b', from: 'C', to: { course: 'C', waitlist: true }, at: 0 },
    };
    const had = { ...run(welcome(), outcomes(outcome({})), position(3)), pending };
    const refused = outcome({ id: 'b', outcome: 'refused', reason: 'full', journal: 8 });
    const s = told(had, outcomes(refused));
    expect(s.enrolments).toHaveLength(1);
    expect(s.positions.w?.position).toBe(3);
    expect(s.pending).toEqual({});
  });

  test('a swap asked for in another tab gives the old course away here too', () => {
    const had = run(welcome(), outcomes(outcome({})));
    const swapped = outcome({
      id: 'b',
      course: 'D',
      sections: ['D/1'],
      journal: 9,
      instead_of: 'C',
    });
    expect(told(had, outcomes(swapped)).enrolments.map((e) => e.course)).toEqual(['D']);
    const inside = outcome({ id: 'b', sections: ['C/2'], journal: 9, instead_of: 'C' });
    expect(told(had, outcomes(inside)).enrolments.map((e) => e.sections)).toEqual([['C/2']]);
  });

  test('a swap asked for in another tab ends no place in line', () => {
    const s = run(welcome(), position(3), outcomes(outcome({ instead_of: 'C' })));
    expect(s.positions.w?.position).toBe(3);
  });

  test('a swap to another course gives the old one away', () => {
    const pending: Record<string, Request> = {
      b: { type: 'swap', id: 'b', from: 'C', to: { course: 'D', waitlist: true }, at: 0 },
    };
    const had = { ...run(welcome(), outcomes(outcome({}))), pending };
    const s = told(had, outcomes(outcome({ id: 'b', course: 'D', sections: ['D/1'], journal: 9 })));
    expect(s.enrolments.map((e) => e.course)).toEqual(['D']);
  });

  test.each<[OutcomeView['outcome'], number, number]>([
    ['dropped', 0, 0],
    ['waitlisted', 1, 1],
    ['left_waitlist', 1, 0],
  ])('%s', (kind, seats, waits) => {
    const s = run(
      welcome(),
      outcomes(outcome({})),
      outcomes(outcome({ outcome: kind, rank: 2, journal: 8 })),
    );
    expect([s.enrolments.length, s.waitlist.length]).toEqual([seats, waits]);
  });

  test('what was decided while away is news after the welcome, and not on the first', () => {
    const again = { ...welcome(), outcomes: [outcome({})] };
    expect(reduce(run(welcome()), again)[1]).toHaveLength(1);
    expect(reduce(initial(), again)[1]).toHaveLength(0);
  });
});

describe('what is told late', () => {
  // She was promoted and then dropped it again, both while this page had no connection.
  const away = { ...welcome(), as_of: 20, sequence: 9 };

  test('a missed message is listed and is news, and gives no seat that she has no longer', () => {
    const late = message({ kind: 'promoted', course: 'C', sections: ['C/1'], journal: 12 });
    const [s, news] = reduce({ ...run(away), messages: [] }, late);
    expect([s.enrolments, s.outcomes, s.waitlist]).toEqual([[], [], []]);
    expect([s.messages?.map((m) => m.kind), s.unread]).toEqual([['promoted'], 1]);
    expect(news).toEqual([{ kind: 'message', message: late.message }]);
  });

  test('nor does one that says what the registrar did before', () => {
    const seat = { course: 'C', sections: ['C/9'], journal: 18 };
    const had = run({ ...away, enrolments: [seat] });
    for (const kind of ['registrar_enrolled', 'registrar_moved', 'registrar_dropped']) {
      const s = told(had, message({ kind, course: 'C', sections: ['C/1'], journal: 12 }));
      expect([s.enrolments, s.stale], kind).toEqual([[seat], false]);
    }
  });

  test('the answer to a repeat answers it, and gives nothing back', () => {
    const pending: Record<string, Request> = {
      a: { type: 'submit', id: 'a', window: 'w', at: 0 },
    };
    const s = told({ ...run(away), pending }, outcomes(outcome({ journal: 12 })));
    expect([s.enrolments, s.outcomes, s.pending]).toEqual([[], [], {}]);
  });

  test('nor does one that something told since has overtaken', () => {
    const dropped = outcome({ id: 'b', outcome: 'dropped', journal: 30 });
    const s = run(away, outcomes(outcome({ journal: 25 })), outcomes(dropped));
    expect(told(s, outcomes(outcome({ journal: 25 }))).enrolments).toEqual([]);
    const late = message({ kind: 'promoted', course: 'C', sections: ['C/1'], journal: 25 });
    expect(told(s, late).enrolments).toEqual([]);
  });

  test('what comes after the welcome counts as ever', () => {
    expect(run(away, outcomes(outcome({ journal: 21 }))).enrolments).toHaveLength(1);
  });
});

describe('messages', () => {
  test('a promotion is a seat, and takes the old one where it was kept', () => {
    const s = run(
      { ...welcome(), waitlist: [{ course: 'D', rank: 1, keeps: 'C' }] },
      outcomes(outcome({})),
      message({ kind: 'promoted', course: 'D', sections: ['D/1'], about: 'C' }),
    );
    expect(s.enrolments.map((e) => e.course)).toEqual(['D']);
    expect([s.waitlist, s.outcomes[0]?.outcome]).toEqual([[], 'enrolled']);
  });

  test('one that came twice stands there once', () => {
    const one = message({});
    const s = told({ ...run(welcome()), messages: [] }, one, one);
    expect(s.messages).toHaveLength(1);
  });
});

describe('requests', () => {
  const pending: Record<string, Request> = {
    a: { type: 'arm', id: 'a', window: 'w', at: 0 },
    b: { type: 'drop', id: 'b', course: 'C', at: 0 },
    c: { type: 'disarm', id: 'c', window: 'v', at: 0 },
  };
  test.each<[string, ServerMessage, string[]]>([
    ['armed', { type: 'armed', window: 'w', ticket: 3, among: 4 }, ['a']],
    ['a position', position(4), ['a']],
    ['an outcome', outcomes(outcome({ id: 'b' })), ['b']],
    ['an error', { type: 'error', id: 'b', code: 'x', detail: '' }, ['b']],
    ['busy', { type: 'busy', id: 'b', retry_after_ms: 1 }, []],
    ['disarmed', { type: 'disarmed', window: 'v' }, ['c']],
    ['a welcome without the line', welcome(), ['c']],
  ])('%s answers', (_, m, ids) => {
    expect(answered(pending, m)).toEqual(ids);
  });
});

describe('the plan', () => {
  const request: CourseRequest = { course: 'C', choices: ['any', ['C/1']], waitlist: true };
  const saved = (courses: CourseRequest[]): ServerMessage => ({
    type: 'plan',
    plan: { courses, blockers: [], credits: 0 },
    sequence: 5,
  });

  test('an edit stays until it is saved as it is', () => {
    const edited = { ...run(welcome()), draft: [request] };
    expect(told(edited, saved([])).draft).toEqual([request]);
    expect(told(edited, saved([request])).draft).toBeNull();
  });

  test('any everywhere is the same as no choices', () => {
    expect(canonical([{ course: 'C', choices: ['any'], waitlist: false }])).toBe(
      canonical([{ course: 'C', waitlist: false }]),
    );
  });
});

describe('windows and the clock', () => {
  test('a rehearsal run again is read anew', () => {
    const s = run(welcome(), position(4), windowMessage(win('planned', 1)));
    expect([s.stale, s.line, s.positions]).toEqual([true, [], {}]);
  });

  test('an opening is news, a change of numbers is not', () => {
    const opened = windowMessage(win('closed', 0));
    expect(reduce(run(welcome()), opened)[1]).toEqual([{ kind: 'window', window: opened.window }]);
    expect(reduce(run(welcome()), windowMessage(win('open', 0)))[1]).toEqual([]);
  });

  test('the clock follows the best pong; a slow one says little', () => {
    const [first] = reduce(run(welcome()), { type: 'pong', n: 1, server_time: 6000 }, 1010, 990);
    expect(first.offset).toBe(5000);
    const [slow] = reduce(first, { type: 'pong', n: 2, server_time: 9000 }, 2000, 1000);
    expect(slow.offset).toBe(5000);
  });

  test('seats: the newest value wins', () => {
    const seats = (left: number): ServerMessage => ({
      type: 'seats',
      as_of: 1,
      sections: [{ section: 'C/1', left, status: 'open' }],
    });
    expect(run(welcome(), seats(9), seats(3)).seats['C/1']?.left).toBe(3);
  });
});
