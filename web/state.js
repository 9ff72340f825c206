// What the page knows, folded from what the gateway says. Pure: no DOM, no network, no clock.

export const PROTOCOL = 1;

export const initial = () => ({
  ready: false, programme: null, year: 0, windows: [], line: [], positions: {}, forecasts: {},
  plan: { courses: [], blockers: [], credits: 0 }, draft: null,
  enrolments: [], waitlist: [], outcomes: [], seats: {}, unread: 0, messages: null,
  sequence: 0, pending: {}, offset: null, rtt: Infinity, heard: 0, stale: false, news: [],
});

const put = (list, item, key) => {
  const i = list.findIndex((x) => x[key] === item[key]);
  return i < 0 ? [...list, item] : list.with(i, item);
};
const without = (list, value, key) => list.filter((x) => x[key] !== value);
const omit = (object, key) => { const copy = { ...object }; delete copy[key]; return copy; };
const receipt = (o) => `${o.journal} ${o.course}`;

/** A course request in one form, so that what was sent can be compared with what was saved. */
export const canonical = (courses) => JSON.stringify(courses.map((r) => {
  const choices = r.choices ?? [];
  return [r.course, choices.every((c) => c === 'any') ? [] : choices, !!r.waitlist];
}));

/** Whether a course can be registered for in a window. */
export const covers = (window, course) => course.term === window.term
  && (window.scope === 'only' ? window.only.includes(course.key) : (window.scope === 'exams') === !!course.part_of);

/** Ids of pending requests that this message answers. */
export function answered(pending, m) {
  const windows = m.type === 'welcome' ? m.line.map((l) => l.window)
    : m.type === 'armed' || m.type === 'position' ? [m.window] : [];
  const ids = new Set((m.outcomes ?? []).map((o) => o.id));
  if (m.type === 'error' && m.id) ids.add(m.id);
  return Object.values(pending).filter((p) => ids.has(p.id)
    || (/^(arm|submit)$/.test(p.type) && windows.includes(p.window))
    || (p.type === 'disarm' && (m.type === 'disarmed' ? m.window === p.window
      : m.type === 'welcome' && !windows.includes(p.window)))).map((p) => p.id);
}

function outcomes(s, m) {
  let { enrolments, waitlist, line, positions, forecasts } = s;
  const list = [...s.outcomes];
  const news = [];
  for (const o of m.outcomes) {
    if (list.some((x) => receipt(x) === receipt(o))) continue; // told before
    news.push({ kind: 'outcome', outcome: o });
    const i = list.findIndex((x) => x.course === o.course);
    if (i >= 0) list.splice(i, 1);
    list.unshift(o);
    const mine = s.pending[o.id];
    if (o.outcome === 'enrolled') {
      enrolments = put(enrolments, { course: o.course, sections: o.sections, journal: o.journal, at: o.at }, 'course');
      waitlist = without(waitlist, o.course, 'course');
      if (mine?.type === 'swap' && mine.from !== o.course) enrolments = without(enrolments, mine.from, 'course');
    } else if (o.outcome === 'waitlisted') {
      waitlist = put(waitlist, { course: o.course, rank: o.rank, keeps: o.keeps }, 'course');
    } else if (o.outcome === 'dropped') enrolments = without(enrolments, o.course, 'course');
    else if (o.outcome === 'left_waitlist') waitlist = without(waitlist, o.course, 'course');
    // Outcomes of a place in line: what was not asked by a request of its own.
    if (!/^(drop|swap|leave_waitlist)$/.test(mine?.type ?? '') && /^(enrolled|waitlisted|refused)$/.test(o.outcome)) {
      const done = s.windows.find((w) => w.state === 'open' && positions[w.key])?.key
        ?? line.find((l) => s.windows.some((w) => w.key === l.window && w.state === 'open'))?.window;
      if (done) {
        line = without(line, done, 'window');
        positions = omit(positions, done);
        forecasts = omit(forecasts, done);
      }
    }
  }
  return {
    enrolments, waitlist, line, positions, forecasts, outcomes: list, news,
    unread: m.unread ?? s.unread,
    messages: news.length ? null : s.messages, // each outcome is a message too: read again
  };
}

function position(s, m, now) {
  const old = s.positions[m.window];
  const start = Math.max(old?.start ?? 0, m.position);
  const done = Math.max(old?.done ?? 0, 1 - m.position / start); // never runs backwards
  const line = s.line.some((l) => l.window === m.window) ? s.line
    : [...s.line, { window: m.window, ticket: null, among: m.of }];
  return { line, positions: { ...s.positions, [m.window]: { ...m, start, done, at: now } } };
}

function message(s, m) {
  const msg = m.message;
  const messages = s.messages && (s.messages.some((x) => x.id === msg.id) ? s.messages : [msg, ...s.messages]);
  const next = { messages, unread: m.unread, news: [{ kind: 'message', message: msg }] };
  if (msg.kind === 'promoted') {
    const kept = without(s.enrolments, msg.about, 'course');
    next.enrolments = put(kept, { course: msg.course, sections: msg.sections, journal: msg.journal, at: msg.at }, 'course');
    next.waitlist = without(s.waitlist, msg.course, 'course');
    const o = { id: '', course: msg.course, outcome: 'enrolled', sections: msg.sections, journal: msg.journal, at: msg.at };
    next.outcomes = [o, ...without(s.outcomes, msg.course, 'course')];
  }
  return next;
}

function welcome(s, m, now) {
  const known = new Set(s.outcomes.map(receipt));
  const told = Math.max(0, ...s.outcomes.map((o) => o.journal));
  const missed = s.ready ? m.outcomes.filter((o) => o.journal >= told && !known.has(receipt(o))) : [];
  const lines = new Set(m.line.map((l) => l.window));
  const keep = (map) => Object.fromEntries(Object.entries(map).filter(([k]) => lines.has(k)));
  const { type, protocol, server_time, ...view } = m;
  return {
    ...view, ready: true, stale: false,
    positions: keep(s.positions), forecasts: keep(s.forecasts),
    offset: s.rtt < Infinity ? s.offset : server_time - now,
    draft: s.draft && canonical(s.draft) === canonical(m.plan.courses) ? null : s.draft,
    messages: null, // read again over HTTP: some may have come meanwhile
    news: missed.map((outcome) => ({ kind: 'outcome', outcome })),
  };
}

function window(s, m) {
  const old = s.windows.find((w) => w.key === m.window.key);
  const next = { windows: put(s.windows, m.window, 'key') };
  if (old && m.window.run > old.run) {
    next.stale = true; // a rehearsal run again: what came of it is withdrawn; read all anew
    next.line = without(s.line, old.key, 'window');
    next.positions = omit(s.positions, old.key);
    next.forecasts = omit(s.forecasts, old.key);
  }
  if (old && old.state !== m.window.state) next.news = [{ kind: 'window', window: m.window }];
  return next;
}

function pong(s, m, now, sent) {
  const rtt = now - sent;
  if (!(rtt >= 0) || rtt > s.rtt * 1.5 + 20) return {};
  return { rtt: Math.min(rtt, s.rtt), offset: m.server_time - (now + sent) / 2 };
}

const cases = {
  welcome, window, outcomes, position, message,
  armed: (s, m) => ({
    line: put(s.line, { window: m.window, ticket: m.ticket, among: m.among }, 'window'),
  }),
  disarmed: (s, m) => ({
    line: without(s.line, m.window, 'window'),
    positions: omit(s.positions, m.window), forecasts: omit(s.forecasts, m.window),
  }),
  forecast: (s, m) => ({ forecasts: { ...s.forecasts, [m.window]: m.courses } }),
  seats: (s, m) => ({
    seats: { ...s.seats, ...Object.fromEntries(m.sections.map((x) => [x.section, x])) },
  }),
  waitlist_rank: (s, m) => ({
    waitlist: put(s.waitlist, m.entry, 'course'), news: [{ kind: 'rank', entry: m.entry }],
  }),
  plan: (s, m) => ({
    plan: m.plan, draft: s.draft && canonical(s.draft) === canonical(m.plan.courses) ? null : s.draft,
  }),
};

/** The next state. `now` is the page's clock; `sent` when the ping that a pong answers went out. */
export function reduce(s, m, now = 0, sent = NaN) {
  let pending = s.pending;
  for (const id of answered(pending, m)) pending = omit(pending, id);
  const change = m.type === 'pong' ? pong(s, m, now, sent) : cases[m.type]?.(s, m, now) ?? {};
  const sequence = Math.max(s.sequence, m.sequence ?? 0);
  return { ...s, news: [], ...change, pending, sequence, heard: now };
}

/** UUID version 7: made here, kept before it is sent, so that nothing is asked twice. */
export function uuid7(now = Date.now(), random = crypto.getRandomValues(new Uint8Array(10))) {
  const time = Math.floor(now).toString(16).padStart(12, '0');
  const r = [...random];
  r[0] = (r[0] & 0x0f) | 0x70;
  r[2] = (r[2] & 0x3f) | 0x80;
  const hex = time + r.map((b) => b.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Full jitter, 0.5 to 30 s. */
export const backoff = (attempt, random = Math.random()) =>
  Math.max(500, random * Math.min(30_000, 1000 * 2 ** attempt));
