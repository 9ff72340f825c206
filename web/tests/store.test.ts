// The store with its surroundings: who is signed in, what is kept, what is read over HTTP.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { MessageView } from '../src/wire/MessageView';
import type { PreferencesView } from '../src/wire/PreferencesView';
import { type Asked, browser, later, Socket } from './browser';
import { course, message, outcome, outcomes, welcome } from './samples';

let student: string | null = 's1';
let pages: (asked: Asked) => unknown;
let wishes: PreferencesView;
let kept: unknown;
/** What a sign-out is answered: nothing (204), or where to go on. */
let signedOut: { continue_at: string } | null = null;

const me = () =>
  student && { role: 'student', student, name: null, expires: 9e12, server_time: 5000 };
const {
  asked,
  tell,
  kept: storage,
} = browser({
  '/api/sign-in': () => ({ mode: 'demo', me: me() }),
  '/api/sign-out': () => signedOut,
  '/api/programmes': () => [],
  '/api/results': () => ({ terms: [], completed: [] }),
  '/api/preferences': ({ method, body }) => {
    if (method === 'PUT') wishes = body as PreferencesView;
    return wishes;
  },
  '/api/messages': (one) => pages(one),
  '/api/messages/read': () => ({ unread: 0 }),
  '/api/catalogue/C': () => kept,
});
vi.useFakeTimers();

const store = await import('../src/store/store');
const session = await import('../src/store/session');
const inbox = await import('../src/store/inbox');
const actions = await import('../src/store/actions');
const catalogue = await import('../src/store/catalogue');
const { mendPlan } = await import('../src/store/mend');
const { failed } = await import('../src/store/failed');
const { Failed } = await import('../src/store/api');
const { prefer, preferLanguage } = await import('../src/store/preferences');
const { takenOut } = await import('../src/store/undo');
const { loadTexts } = await import('../src/i18n');

session.followSignIn();
store.listen({
  news: () => undefined,
  heard: (m) => {
    if (m.type === 'welcome') session.welcomed();
  },
  planRefused: (draft, code) => void mendPlan(draft, code),
  refused: session.checkSignedIn,
  signedOut: session.signedOut,
});

const soon = () => vi.advanceTimersByTimeAsync(1);
const newest = () => Socket.all.at(-1) as Socket;
const times = (path: string) => asked.filter((a) => a.path === path).length;
const page = (list: MessageView[], next: number | null = null) => ({
  messages: list,
  unread: 0,
  next,
  as_of: 9,
});
const note = (journal: number) => message({ journal, id: `${journal}.0` }).message;

/** Signed in, and everything was told. */
async function here(who = 's1'): Promise<void> {
  student = who;
  await session.start();
  newest().opens();
  newest().says({ ...welcome(), student: who });
  await soon();
}

beforeEach(async () => {
  student = 's1';
  Socket.all = [];
  asked.length = 0;
  pages = () => page([]);
  wishes = { language: null, notify: false, topics: [] };
  signedOut = null;
  kept = course();
  await loadTexts();
});
afterEach(() => {
  store.disconnect();
  store.me.value = undefined;
  for (const key of Object.keys(storage)) if (key !== 'sluis.lang') storage.removeItem(key);
});

describe('who is signed in', () => {
  test('asked twice at once, there is one connection', async () => {
    await Promise.all([session.start(), session.start()]);
    expect(Socket.all).toHaveLength(1);
  });

  test('a connection as somebody else is shown nothing, and nothing asked here leaves by it', async () => {
    await here();
    actions.drop('C');
    newest().closes(1006);
    await vi.advanceTimersByTimeAsync(31_000);
    const second = newest();
    student = 's2';
    second.opens();
    second.says({ ...welcome(), student: 's2', unread: 7 });
    expect(second.sent.map((m) => m.type)).toEqual(['resume']);
    expect([store.state.value.ready, store.state.value.unread]).toEqual([false, 0]);
    await soon();
    newest().opens();
    newest().says({ ...welcome(), student: 's2' });
    expect([store.me.value?.student, store.ready.value]).toEqual(['s2', true]);
    expect(newest().sent.map((m) => m.type)).toEqual(['hello', 'ping']);
  });

  test('another tab signs somebody else in: this one follows', async () => {
    await here();
    const first = newest();
    expect(storage.getItem('sluis.here')).toBe('s1');
    tell('storage', { key: 'sluis.here', newValue: 's1' });
    expect(store.me.value?.student).toBe('s1');
    student = 's2';
    tell('storage', { key: 'sluis.here', newValue: 's2' });
    await soon();
    expect([store.me.value?.student, first.readyState]).toEqual(['s2', 3]);
    expect(newest()).not.toBe(first);
  });

  test('whoever comes next has readings of her own, and none of the other', async () => {
    await here();
    catalogue.requirements.value = [{ year: 1, course: 'C', required: true }];
    store.editPlan([{ course: 'C', waitlist: true }]);
    actions.removeCourse('C');
    expect(takenOut.value?.at).toBe(0);
    student = null;
    await session.signOut();
    expect([catalogue.requirements.value, takenOut.value]).toEqual([null, null]);
    const before = times('/api/preferences');
    await here('s2');
    expect(times('/api/preferences')).toBe(before + 1);
  });
});

describe('what is kept', () => {
  test('whoever signs out goes on to the university to be signed out there, if it says so', async () => {
    const assign = vi.fn();
    vi.stubGlobal('location', { ...location, assign });
    await here();
    student = null;
    await session.signOut();
    expect(assign).not.toHaveBeenCalled();
    await here();
    student = null;
    signedOut = { continue_at: 'https://login.example.edu/logout' };
    await session.signOut();
    expect(assign.mock.calls).toEqual([['https://login.example.edu/logout']]);
    expect(store.me.value).toBeNull();
  });

  test('with a storage that is full, what she asks leaves all the same', async () => {
    await here();
    const set = vi.spyOn(Object.getPrototypeOf(storage), 'setItem').mockImplementation(() => {
      throw new Error('full');
    });
    actions.drop('C');
    set.mockRestore();
    expect(newest().sent.at(-1)?.type).toBe('drop');
  });

  test('another tab that keeps and forgets takes nothing of this one away', async () => {
    await here();
    actions.disarm('w');
    const other = { type: 'drop', id: 'x', course: 'C', at: Date.now() };
    const types = () => Object.values(store.pending.value).map((p) => p.type);
    tell('storage', { key: 'sluis.out.s1.x', newValue: JSON.stringify(other) });
    expect(types()).toEqual(['disarm', 'drop']);
    tell('storage', { key: 'sluis.out.s1.x', newValue: null });
    expect(types()).toEqual(['disarm']);
    tell('storage', { key: null, newValue: null });
    expect(types()).toEqual(['disarm']);
  });

  const edits = [
    { course: 'C', choices: [['C/L1'], ['C/T9']], waitlist: false },
    { course: 'GONE', choices: [], waitlist: true },
  ];
  const wrong = (code: string) => newest().says({ type: 'error', code, detail: '' });

  test('one course that is gone leaves the plan; the rest of what she edited stays', async () => {
    await here();
    store.editPlan(edits);
    wrong('unknown_course');
    await vi.advanceTimersByTimeAsync(300);
    const mended = [{ course: 'C', choices: [['C/L1'], 'any'], waitlist: false }];
    expect(store.draft.value).toEqual(mended);
    expect(newest().sent.at(-1)).toEqual({ type: 'set_plan', courses: mended });
  });

  test('a section that is gone elsewhere on the page costs no edit', async () => {
    await here();
    store.editPlan(edits.slice(0, 1).map((r) => ({ ...r, choices: [['C/L1'], 'any' as const] })));
    wrong('unknown_section');
    await soon();
    expect(store.draft.value).toHaveLength(1);
    wrong('plan_invalid');
    await soon();
    expect(store.draft.value).toBeNull();
  });

  test('what was taken out of the plan comes back as it was, beside what was added since', async () => {
    await here();
    const request = (code: string) => ({ course: code, choices: [], waitlist: code === 'B' });
    store.editPlan(['A', 'B', 'D'].map(request));
    actions.removeCourse('B');
    actions.addCourse('E');
    actions.putBack();
    expect(store.plan.value.map((r) => [r.course, r.waitlist])).toEqual([
      ['A', false],
      ['B', true],
      ['D', false],
      ['E', true],
    ]);
    actions.putBack();
    expect(store.plan.value).toHaveLength(4);
  });
});

describe('messages', () => {
  test('what comes while they are read is there, and they are read again', async () => {
    await here();
    const read = later();
    const answers = [read.promise, page([note(12), note(8)])];
    pages = () => answers.shift();
    const loading = inbox.loadMessages();
    newest().says(message({ journal: 12, id: '12.0' }));
    read.resolve(page([note(8)]));
    await loading;
    expect(store.messages.value?.map((m) => m.journal)).toEqual([12, 8]);
  });

  test('a flood of them ends the trying', async () => {
    await here();
    asked.length = 0;
    pages = () => {
      newest().says(outcomes(outcome({ journal: 100 + asked.length })));
      return page([]);
    };
    await inbox.loadMessages();
    expect(times('/api/messages')).toBeLessThan(10);
  });

  test('older ones asked for twice stand there once', async () => {
    await here();
    pages = ({ path }) => (path.includes('before') ? page([note(4)]) : page([note(8)], 8));
    await inbox.loadMessages();
    await Promise.all([inbox.loadOlder(8), inbox.loadOlder(8)]);
    expect(store.messages.value?.map((m) => m.journal)).toEqual([8, 4]);
    expect(store.older.value).toBeNull();
  });

  test('whoever signs out meanwhile takes hers along', async () => {
    await here();
    const read = later();
    pages = () => read.promise;
    const loading = inbox.loadMessages();
    student = null;
    await session.signOut();
    read.resolve(page([note(8)]));
    await loading;
    expect(store.messages.value).toBeNull();
  });

  test('that they could not be read is known, until they could', async () => {
    await here();
    store.fault.value = null;
    pages = () => 500;
    await inbox.loadMessages();
    expect([inbox.unreadable.value, store.fault.value]).toEqual([true, null]);
    pages = () => page([]);
    await inbox.loadMessages();
    expect(inbox.unreadable.value).toBe(false);
  });
});

describe('preferences', () => {
  test('a language chosen before they were read is kept', async () => {
    student = 's1';
    await session.start();
    newest().opens();
    await preferLanguage('nl');
    newest().says(welcome());
    await soon();
    expect(wishes.language).toBe('nl');
    expect(store.preferences.value?.language).toBe('nl');
    await preferLanguage('en');
  });

  test('what could not be kept is taken back, unless a later one carried it along', async () => {
    await here();
    const first = later();
    const answers: (Promise<unknown> | number)[] = [first.promise];
    const { fetch } = globalThis;
    vi.stubGlobal('fetch', async (path: string, options: RequestInit) => {
      const waits = answers.shift();
      if (waits === undefined) return fetch(path, options);
      await waits;
      return { ok: false, status: 503, json: async () => null };
    });
    const trying = prefer({ notify: true });
    await prefer({ topics: ['results'] });
    first.resolve(null);
    await trying;
    expect(store.preferences.value).toEqual(wishes);
    expect(wishes).toMatchObject({ notify: true, topics: ['results'] });
    answers.push(1, 1);
    await Promise.all([prefer({ notify: false }), prefer({ topics: [] })]);
    vi.stubGlobal('fetch', fetch);
    expect(store.preferences.value).toMatchObject({ notify: true, topics: ['results'] });
  });
});

describe('a fault over HTTP', () => {
  test.each([
    [0, 'offline', 'offline'],
    [429, 'rate_limited', 'later'],
    [503, 'stopping', 'later'],
    [504, 'unconfirmed', 'unconfirmed'],
    [504, 'http_504', 'unconfirmed'],
    [409, 'line_busy', 'line_busy'],
  ])('%i %s is told as %s', (status, code, told) => {
    expect(failed(new Failed(status, code))).toBe(false);
    expect(store.fault.value?.code).toBe(told);
  });

  test('of 401 nothing is told: it is a matter of the door', () => {
    store.fault.value = null;
    expect(failed(new Failed(401, 'token_expired'))).toBe(true);
    expect(store.fault.value).toBeNull();
  });
});

test('how old a reading is counts only while somebody looks', async () => {
  const { isOld, POLL_MS } = await import('../src/store/live');
  const at = 1_000_000;
  const later = at + 20 * POLL_MS;
  expect(isOld(at, 0, at + 3 * POLL_MS)).toBe(false);
  expect(isOld(at, 0, later)).toBe(true);
  expect(isOld(at, Number.POSITIVE_INFINITY, later), 'nobody looks').toBe(false);
  expect(isOld(at, later - 10, later), 'she has just come back').toBe(false);
  expect(isOld(at, later - 4 * POLL_MS, later), 'and still nothing').toBe(true);
});
