// The next state from what the gateway says. Pure: no document, no network, no clock.
import type { MessageView } from '../wire/MessageView';
import type { OutcomeView } from '../wire/OutcomeView';
import type { ServerMessage } from '../wire/ServerMessage';
import type { WindowView } from '../wire/WindowView';
import { put, without, withoutKey } from './lists';
import type { CourseRequest, News, Request, Server, State } from './state';

type Change = Partial<State> & { news?: News[] };

const receipt = (o: OutcomeView) => `${o.journal} ${o.course}`;

/** A course request in one form, so that what was sent can be compared with what was saved. */
export const canonical = (courses: CourseRequest[]): string =>
  JSON.stringify(
    courses.map((r) => {
      const choices = r.choices ?? [];
      return [r.course, choices.every((c) => c === 'any') ? [] : choices, !!r.waitlist];
    }),
  );

const stillDraft = (s: State, saved: CourseRequest[]) =>
  s.draft && canonical(s.draft) === canonical(saved) ? null : s.draft;

/** Ids of pending requests that this message answers. */
export function answered(pending: Record<string, Request>, m: ServerMessage): string[] {
  const windows =
    m.type === 'welcome'
      ? m.line.map((l) => l.window)
      : m.type === 'armed' || m.type === 'position'
        ? [m.window]
        : [];
  const ids = new Set(
    m.type === 'outcomes' || m.type === 'welcome' ? m.outcomes.map((o) => o.id) : [],
  );
  if (m.type === 'error' && m.id) ids.add(m.id);
  const answers = (p: Request) => {
    if (ids.has(p.id)) return true;
    if (p.type === 'arm' || p.type === 'submit') return windows.includes(p.window);
    if (p.type !== 'disarm') return false;
    if (m.type === 'disarmed') return m.window === p.window;
    return m.type === 'welcome' && !windows.includes(p.window);
  };
  return Object.values(pending)
    .filter(answers)
    .map((p) => p.id);
}

const leaveLine = (s: State, window: string) => ({
  line: without(s.line, 'window', window),
  positions: withoutKey(s.positions, window),
  forecasts: withoutKey(s.forecasts, window),
});

/** Whether what is known of a course is newer than this: the welcome rests on it already, or
 * something later was told. It came late, as the answer to a repeat or as a missed message: it is
 * told, and changes nothing of what she has. */
const isPast = (s: State, journal: number, course?: string | null): boolean =>
  journal <= s.as_of || s.outcomes.some((o) => o.course === course && o.journal > journal);

/** One outcome that was not told before. */
function outcome(s: State, o: OutcomeView): State {
  if (isPast(s, o.journal, o.course)) return s;
  let { enrolments, waitlist } = s;
  const mine = s.pending[o.id];
  if (o.outcome === 'enrolled') {
    const seat = { course: o.course, sections: o.sections ?? [], journal: o.journal, at: o.at };
    enrolments = put(enrolments, 'course', seat);
    waitlist = without(waitlist, 'course', o.course);
    // Asked here or in another tab: the gateway names what was given for it.
    const gave = o.instead_of ?? (mine?.type === 'swap' ? mine.from : o.course);
    if (gave !== o.course) enrolments = without(enrolments, 'course', gave);
  } else if (o.outcome === 'waitlisted') {
    const entry = { course: o.course, rank: o.rank ?? 0, ...(o.keeps && { keeps: o.keeps }) };
    waitlist = put(waitlist, 'course', entry);
  } else if (o.outcome === 'dropped') enrolments = without(enrolments, 'course', o.course);
  else if (o.outcome === 'left_waitlist') waitlist = without(waitlist, 'course', o.course);
  const outcomes = [o, ...without(s.outcomes, 'course', o.course)];
  return { ...s, enrolments, waitlist, outcomes };
}

function outcomes(s: State, m: Server<'outcomes'>): Change {
  const told = new Set(s.outcomes.map(receipt));
  const fresh = m.outcomes.filter((o) => !told.has(receipt(o)));
  // The gateway says which place in line came to its turn with these.
  let left = s;
  for (const window of m.served ?? []) left = { ...left, ...leaveLine(left, window) };
  return {
    ...fresh.reduce(outcome, left),
    unread: m.unread ?? s.unread,
    inbox: s.inbox + 1,
    messages: fresh.length ? null : s.messages, // each outcome is a message too: read again
    news: fresh.map((o) => ({ kind: 'outcome', outcome: o })),
  };
}

function position(s: State, m: Server<'position'>, now: number): Change {
  const old = s.positions[m.window];
  const start = Math.max(old?.start ?? 0, m.position);
  const done = Math.max(old?.done ?? 0, 1 - m.position / start); // never runs backwards
  const known = s.line.some((l) => l.window === m.window);
  const line = known ? s.line : [...s.line, { window: m.window, ticket: null, among: m.of }];
  const { position: at, of, serving, eta_low, eta_high } = m;
  const place = { position: at, of, serving, eta_low, eta_high, start, done, at: now };
  return { line, positions: { ...s.positions, [m.window]: place } };
}

/** The windows are told when they open and close, not with each who arms: what her own arming or
 * leaving says of how many there are is noted here. */
const waiting = (s: State, key: string, n: (before: number) => number): State['windows'] =>
  s.windows.map((w) => (w.key === key ? { ...w, waiting: Math.max(0, n(w.waiting)) } : w));

function disarmed(s: State, window: string): Change {
  const was = s.line.some((l) => l.window === window);
  return {
    ...leaveLine(s, window),
    ...(was && { windows: waiting(s, window, (n) => n - 1) }),
  };
}

/** What is the same as before stays the same object, and is not drawn again. */
function forecast(s: State, m: Server<'forecast'>): Change {
  const before = new Map((s.forecasts[m.window] ?? []).map((f) => [JSON.stringify(f), f]));
  const courses = m.courses.map((f) => before.get(JSON.stringify(f)) ?? f);
  return { forecasts: { ...s.forecasts, [m.window]: courses } };
}

/** Messages with all up to a journal position marked as read. */
export const readUpTo = (list: State['messages'], up_to: number): State['messages'] =>
  list?.map((x) => (x.journal <= up_to && !x.read ? { ...x, read: true } : x)) ?? null;

/** The registrar enrolled, moved or dropped her. What hangs on it is read anew. */
function byRegistrar(s: State, m: MessageView): Change {
  if (!m.course) return {};
  const { course, journal, at } = m;
  if (m.kind === 'registrar_dropped') {
    return { stale: true, enrolments: without(s.enrolments, 'course', course) };
  }
  const seat = { course, sections: m.sections ?? [], journal, at };
  return {
    stale: true,
    enrolments: put(s.enrolments, 'course', seat),
    outcomes: [{ id: '', outcome: 'enrolled', ...seat }, ...without(s.outcomes, 'course', course)],
  };
}

/** Announcements that are shown at once. */
const ANNOUNCEMENTS_MAX = 3;

function announcement(s: State, m: Server<'announcement'>): Change {
  if (s.announcements.some((a) => a.journal === m.journal)) return {};
  const { type: _type, ...told } = m;
  return {
    announcements: [told, ...s.announcements].slice(0, ANNOUNCEMENTS_MAX),
    news: [{ kind: 'announcement', announcement: told }],
  };
}

function message(s: State, m: Server<'message'>): Change {
  const msg = m.message;
  const known = s.messages?.some((x) => x.id === msg.id);
  const messages = s.messages && !known ? [msg, ...s.messages] : s.messages;
  const next: Change = {
    messages,
    unread: m.unread,
    inbox: s.inbox + 1,
    news: [{ kind: 'message', message: msg }],
  };
  if (isPast(s, msg.journal, msg.course)) return next;
  if (msg.kind === 'ticket_ended' && msg.window) return { ...next, ...leaveLine(s, msg.window) };
  if (msg.kind.startsWith('registrar_')) return { ...next, ...byRegistrar(s, msg) };
  if (msg.kind !== 'promoted' || !msg.course) return next;
  const sections = msg.sections ?? [];
  const seat = { course: msg.course, sections, journal: msg.journal, at: msg.at };
  const o = { id: '', outcome: 'enrolled', ...seat };
  return {
    ...next,
    enrolments: put(without(s.enrolments, 'course', msg.about ?? ''), 'course', seat),
    waitlist: without(s.waitlist, 'course', msg.course),
    outcomes: [o, ...without(s.outcomes, 'course', msg.course)],
  };
}

function welcome(s: State, m: Server<'welcome'>, now: number): Change {
  const known = new Set(s.outcomes.map(receipt));
  const told = Math.max(0, ...s.outcomes.map((o) => o.journal));
  const missed = s.ready
    ? m.outcomes.filter((o) => o.journal >= told && !known.has(receipt(o)))
    : [];
  const lines = new Set(m.line.map((l) => l.window));
  const keep = <T>(map: Record<string, T>) =>
    Object.fromEntries(Object.entries(map).filter(([key]) => lines.has(key)));
  const { type: _type, protocol: _protocol, student: _student, server_time, ...view } = m;
  return {
    ...view,
    ready: true,
    stale: false,
    tickets: { ...s.tickets, ...Object.fromEntries(m.line.map((l) => [l.window, l.ticket])) },
    positions: keep(s.positions),
    forecasts: keep(s.forecasts),
    offset: s.rtt < Number.POSITIVE_INFINITY ? s.offset : server_time - now,
    draft: stillDraft(s, m.plan.courses),
    messages: null, // some may have come meanwhile
    inbox: s.inbox + 1,
    news: missed.map((o) => ({ kind: 'outcome', outcome: o })),
  };
}

const stateOf = (w: WindowView): string => (w.paused ? 'paused' : w.state);

function changedWindow(s: State, m: Server<'window'>): Change {
  const old = s.windows.find((w) => w.key === m.window.key);
  const again = old && m.window.run > old.run; // a rehearsal run again withdraws what came of it
  return {
    windows: put(s.windows, 'key', m.window),
    ...(again && { stale: true, tickets: withoutKey(s.tickets, old.key) }),
    ...((again || m.window.state === 'closed') && leaveLine(s, m.window.key)),
    news: old && stateOf(old) !== stateOf(m.window) ? [{ kind: 'window', window: m.window }] : [],
  };
}

function pong(s: State, m: Server<'pong'>, now: number, sent: number): Change {
  const rtt = now - sent;
  if (!(rtt >= 0) || rtt > s.rtt * 1.5 + 20) return {}; // a slow one says little of the clock
  return { rtt: Math.min(rtt, s.rtt), offset: m.server_time - (now + sent) / 2 };
}

function change(s: State, m: ServerMessage, now: number, sent: number): Change {
  switch (m.type) {
    case 'welcome':
      return welcome(s, m, now);
    case 'window':
      return changedWindow(s, m);
    case 'outcomes':
      return outcomes(s, m);
    case 'position':
      return position(s, m, now);
    case 'message':
      return message(s, m);
    case 'announcement':
      return announcement(s, m);
    case 'armed':
      return {
        tickets: { ...s.tickets, [m.window]: m.ticket },
        line: put(s.line, 'window', { window: m.window, ticket: m.ticket, among: m.among }),
        windows: waiting(s, m.window, () => m.among),
      };
    case 'disarmed':
      return disarmed(s, m.window);
    case 'forecast':
      return forecast(s, m);
    case 'seats':
      return {
        seats: { ...s.seats, ...Object.fromEntries(m.sections.map((x) => [x.section, x])) },
      };
    case 'waitlist_rank':
      return {
        waitlist: put(s.waitlist, 'course', m.entry),
        news: [{ kind: 'rank', entry: m.entry }],
      };
    case 'plan':
      return { plan: m.plan, draft: stillDraft(s, m.plan.courses) };
    case 'read':
      return {
        messages: readUpTo(s.messages, m.up_to),
        unread: m.unread,
        inbox: s.inbox + 1,
      };
    case 'preferences':
      return { preferences: m.preferences };
    case 'pong':
      return pong(s, m, now, sent);
    default:
      return {};
  }
}

/** The next state and what is worth saying. `now` is this device's clock; `sent` when the ping
 * that a pong answers went out. */
export function reduce(s: State, m: ServerMessage, now = 0, sent = Number.NaN): [State, News[]] {
  const { news = [], ...next } = change(s, m, now, sent);
  const pending = answered(s.pending, m).reduce(withoutKey, s.pending);
  const told = 'sequence' in m ? m.sequence : 0;
  const sequence = m.type === 'welcome' ? told : Math.max(s.sequence, told);
  return [{ ...s, ...next, pending, sequence, heard: now }, news];
}
