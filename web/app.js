// The page: one store, one reducer, one way to draw. Actions are named by elements (`data-act`).
import { morph } from './dom.js';
import { Link, http, outbox } from './link.js';
import { covers as inScope, initial, reduce } from './state.js';
import { texts } from './text.js';
import { courseName, courseOf, dialog as dialogView, formats, messageText, page, planOf, reasonText, sectionOf, submittable } from './view.js';

const PER_PAGE = 20;
const DRAW_MS = 500; // numbers change on the screen at most twice a second
const SAY_MS = 25_000; // the screen reader hears a position at most this often
const LATE_MS = 1000; // with the clock's step: shown well within 2 s, and a blip is not
const OUT_MAX_MS = 15 * 60_000; // a request older than this is not repeated: she has moved on
const VIEWS = ['plan', 'register', 'timetable', 'messages'];

let s = initial();
let me; // undefined: not known yet; null: nobody is signed in
let signIn = null;
let link = null;
let box = null;
let requirements = [];
const courses = new Map();
const asked = new Set(); // codes looked up
const ui = { view: 'plan', open: null, query: '', results: null, dialog: null, choices: [], wait: false, late: false, windows: null };
/** Whether the window is for this course. One not looked up yet counts: the gateway decides. */
const covers = (window, code) => !courses.has(code) || inScope(window, courses.get(code));
let lang = localStorage.getItem('sluis.lang') ?? (navigator.languages?.some((l) => l.startsWith('nl')) ? 'nl' : 'en');

function model() {
  const now = Date.now();
  const m = { s, ui, me, lang, t: texts[lang], link, signIn, courses, requirements, covers, now, serverNow: now + (s.offset ?? 0) };
  m.f = formats(m);
  return m;
}

// ---------------------------------------------------------------- drawing

let drawn = 0;
let timer = 0;
function draw(soon = false) {
  if (soon && timer) { clearTimeout(timer); timer = 0; }
  if (timer) return;
  timer = setTimeout(paint, soon ? 0 : Math.max(0, drawn + DRAW_MS - Date.now()));
}

function paint() {
  timer = 0;
  drawn = Date.now();
  const m = model();
  document.documentElement.lang = lang;
  morph(document.getElementById('root'), page(m));
  const box = document.getElementById('dialog');
  if (ui.dialog) {
    const next = box.cloneNode(false);
    next.append(...[dialogView(m)].flat(9).filter(Boolean));
    morph(box, next);
    if (!box.open) box.showModal();
  } else if (box.open) box.close();
  title(m);
  if (me?.role === 'student' && s.ready) {
    const seen = ui.view === 'plan' ? (ui.results?.codes ?? []) : [];
    lookUp([...planOf(m).map((r) => r.course), ...s.enrolments.map((e) => e.course), ...s.waitlist.map((e) => e.course), ...s.outcomes.map((o) => o.course)]);
    const keys = [...planOf(m).map((r) => r.course), ui.dialog?.[1], ...seen, ...(seen.length ? requirements.map((r) => r.course) : [])].flatMap((c) => courses.get(c)?.components ?? []).flatMap((k) => k.sections.map((x) => x.key));
    link?.watch(new Set(keys.slice(0, 240)));
  }
}

function title(m) {
  const place = Object.values(s.positions)[0];
  const next = s.windows.find((w) => w.state === 'planned' && w.opens_at > m.serverNow);
  document.title = !me ? m.t.title : place ? `(${place.position}) ${m.t.line} · Sluis`
    : s.unread ? `(${s.unread}) ${m.t[ui.view]} · Sluis` : next && ui.view === 'register' ? `${m.t.opensIn} ${Math.ceil((next.opens_at - m.serverNow) / 60_000)} min · Sluis` : `${m.t[ui.view] ?? m.t.register} · Sluis`;
}

/** A step of the clock: countdowns, the age of what is shown, what is worth saying. */
setInterval(() => {
  if (!me) return;
  const late = link && link.lostAt !== null && Date.now() - link.lostAt >= LATE_MS;
  if (late && !ui.late) say(texts[lang].lost);
  if (!late && ui.late && link?.status === 'open') say(texts[lang].back);
  const changed = late !== ui.late;
  ui.late = !!late;
  if (s.windows.length) sayCountdown();
  if (changed || late || ui.view === 'windows' || (/^(plan|register)$/.test(ui.view) && s.windows.some((w) => w.state === 'planned' && w.opens_at))) draw(changed);
}, 500);

// ---------------------------------------------------------------- words to a screen reader, and alerts

let spoken = { at: 0, position: Infinity, count: new Set() };
function say(text) {
  const live = document.getElementById('live');
  live.textContent = live.textContent === text ? `${text}\u00a0` : text;
}

function sayPosition(p) {
  const t = texts[lang];
  const now = Date.now();
  const milestone = p.position <= spoken.position / 2 || (p.position <= 10 && spoken.position > 10);
  if (!milestone && (now - spoken.at < SAY_MS || p.position === spoken.position)) return;
  if (now - spoken.at < 5000 && p.position > 10) return;
  spoken = { ...spoken, at: now, position: p.position };
  say(`${t.say.place(p.position, p.of)}${p.position <= 10 ? ` ${t.say.next}` : ''}`);
}

function sayCountdown() {
  const serverNow = Date.now() + (s.offset ?? 0);
  for (const w of s.windows.filter((x) => x.state === 'planned' && x.opens_at)) {
    const left = w.opens_at - serverNow;
    for (const [ms, text] of [[300_000, texts[lang].say.minutes(5)], [60_000, texts[lang].say.minutes(1)], [10_000, texts[lang].say.seconds]]) {
      const key = `${w.key} ${w.run} ${ms}`;
      if (left <= ms && left > ms - 3000 && !spoken.count.has(key)) { spoken.count.add(key); say(text); }
    }
  }
}

function alertUser(code, detail) {
  const t = texts[lang];
  const node = document.getElementById('alert');
  const text = document.createElement('p');
  text.textContent = t.errors[code] ?? detail ?? t.errors.other(code);
  const close = document.createElement('button');
  Object.assign(close, { type: 'button', textContent: t.close });
  close.onclick = () => node.replaceChildren();
  node.replaceChildren(text, close);
}
const clearAlert = () => document.getElementById('alert').replaceChildren();

function tellNews(news) {
  const m = model();
  const parts = [];
  for (const n of news) {
    if (n.kind === 'outcome') {
      const o = n.outcome;
      parts.push(`${courseName(m, o.course)}: ${m.t[o.outcome] ?? o.outcome}${o.rank ? `, ${m.t.rank(o.rank)}` : ''}${o.reason ? `, ${reasonText(m, o.reason, o.about)}` : ''}.`);
      spoken.position = Infinity;
    } else if (n.kind === 'window' && n.window.state === 'open') parts.push(m.t.say.open);
    else if (n.kind === 'message' && /^(promoted|passed_over|section_|capacity_|ticket_)/.test(n.message.kind)) parts.push(messageText(m, n.message));
    else if (n.kind === 'rank') parts.push(`${courseName(m, n.entry.course)}: ${m.t.waitlisted}, ${m.t.rank(n.entry.rank)}.`);
  }
  if (parts.length) say(parts.join(' '));
}

// ---------------------------------------------------------------- messages from the gateway

function receive(msg, sentAt) {
  const before = s;
  s = reduce(s, msg, Date.now(), sentAt);
  for (const id of Object.keys(before.pending)) if (!s.pending[id]) box.remove(id);
  if (before.draft && !s.draft) keepDraft();
  const own = { error, busy }[msg.type];
  own?.(msg, before);
  if (msg.type === 'position') sayPosition(msg);
  if (msg.type === 'welcome' && s.draft) sendPlan();
  if (msg.type === 'welcome' || (ui.view === 'messages' && !s.messages)) loadMessages();
  if (s.stale) { s = { ...s, stale: false }; link.reconnect(Math.random() * 500); }
  if (s.news.length) tellNews(s.news);
  draw(!/^(position|seats|forecast|pong|window)$/.test(msg.type) || s.news.length > 0);
}

function error(msg, before) {
  if (msg.code === 'not_in_line') dropPending((p) => p.type === 'disarm');
  const request = before.pending[msg.id];
  if (msg.code === 'already_in_line' && request?.type === 'arm') return;
  if (!msg.id && s.draft && /^(plan_invalid|unknown_course|unknown_section|too_many)$/.test(msg.code)) {
    s = { ...s, draft: null };
    keepDraft();
  }
  alertUser(msg.code, msg.detail);
}

function busy(msg) {
  alertUser('busy');
  setTimeout(clearAlert, msg.retry_after_ms + 3000);
  if (!msg.id && s.draft) setTimeout(sendPlan, msg.retry_after_ms);
}

function dropPending(test) {
  const pending = Object.fromEntries(Object.entries(s.pending).filter(([id, p]) => {
    if (test(p)) box.remove(id);
    return !test(p);
  }));
  s = { ...s, pending };
}

/** Asks for something that must be done exactly once. */
function request(message) {
  clearAlert();
  link.request(message, (full) => {
    s = { ...s, pending: { ...s.pending, [full.id]: full } };
    if (full.type !== 'disarm') box.put(full); // giving a place up is not repeated after a reload
  });
}

// ---------------------------------------------------------------- the plan

const draftKey = () => `sluis.draft.${me.student}`;
function keepDraft() {
  if (s.draft) localStorage.setItem(draftKey(), JSON.stringify(s.draft));
  else localStorage.removeItem(draftKey());
}

let planTimer = 0;
function setPlan(list) {
  s = { ...s, draft: list };
  keepDraft();
  clearTimeout(planTimer);
  planTimer = setTimeout(sendPlan, 250);
}
function sendPlan() {
  clearTimeout(planTimer);
  if (s.draft) link.send({ type: 'set_plan', courses: s.draft });
}

const newRequest = (code, choices) => ({ course: code, choices: choices ?? courseOf(model(), code)?.components.map(() => 'any') ?? [], waitlist: true });
const edit = (code, change) => setPlan(planOf(model()).map((r) => (r.course === code ? { ...r, ...change(r) } : r)));

/** Choices of a course after a tap on a section: in, out, up, or back to any. */
function chosen(course, choices, component, section, how) {
  const all = course.components.map((_, i) => choices?.[i] ?? 'any');
  const ranked = Array.isArray(all[component]) ? [...all[component]] : [];
  const at = ranked.indexOf(section);
  if (how === 'up') ranked.splice(at - 1, 2, ranked[at], ranked[at - 1]);
  else if (how === 'in') { if (at < 0) ranked.push(section); } else if (section === null) ranked.length = 0;
  else if (at < 0) ranked.push(section); else ranked.splice(at, 1);
  return all.with(component, ranked.length ? ranked : 'any');
}

// ---------------------------------------------------------------- HTTP


async function catalogue(q, number) {
  const data = await http(`/api/catalogue?q=${encodeURIComponent(q)}&page=${number}&per_page=${PER_PAGE}&seats=true`);
  for (const c of data.courses) courses.set(c.key, c);
  return { codes: data.courses.map((c) => c.key), total: data.total };
}

async function search(q, next = 1) {
  try {
    const { codes, total } = await catalogue(q, next);
    if (ui.query !== q) return; // typed on meanwhile
    ui.results = { codes: next > 1 ? [...ui.results.codes, ...codes] : codes, total, page: next };
  } catch (e) { failed(e); }
  draw(true);
}

/** Courses by code, for what is on the screen and not known yet. */
async function lookUp(codes) {
  for (const code of codes) {
    if (courses.has(code) || asked.has(code)) continue;
    asked.add(code);
    http(`/api/catalogue/${encodeURIComponent(code)}`).then((c) => { courses.set(code, c); draw(); }, () => setTimeout(() => asked.delete(code), 5000));
  }
}

async function loadMessages(before) {
  try {
    const data = await http(before ? `/api/messages?before=${before}` : '/api/messages');
    s = { ...s, messages: [...(before ? s.messages : []), ...data.messages], unread: data.unread };
    ui.older = data.next;
    draw(true);
  } catch (e) { if (ui.view === 'messages') failed(e); }
}

async function loadProgramme() {
  try {
    const data = await http('/api/programmes');
    const rank = (r) => (r.required ? 0 : 1);
    requirements = (data.find((p) => p.key === s.programme)?.requirements ?? []).filter((r) => !s.year || r.year === s.year).sort((a, b) => rank(a) - rank(b));
    await lookUp(requirements.map((r) => r.course));
    draw(true);
  } catch { /* the catalogue is there without it */ }
}

async function loadWindows() {
  if (me?.role !== 'registrar' || document.hidden) return;
  try {
    const data = await http('/api/windows');
    ui.windows = data.windows;
    s = { ...s, offset: data.server_time - Date.now() };
    if (adminLost) { adminLost = false; clearAlert(); }
    draw(true);
  } catch (e) { adminLost = true; failed(e); }
}
let adminLost = false;

function failed(e) {
  if (!('status' in e)) throw e;
  if (e.status === 401) return void signedOut();
  alertUser(e.status === 0 ? 'offline' : e.status === 429 || e.status === 503 ? 'busy' : e.code, e.detail);
}

// ---------------------------------------------------------------- who is there

async function start() {
  try {
    signIn = await http('/api/sign-in'); // no error when nobody is signed in
  } catch { alertUser('offline'); setTimeout(start, 3000); return; }
  if (!signIn.me) return void signedOut();
  me = signIn.me;
  clearAlert();
  if (me.role !== 'student') {
    ui.view = 'windows';
    await loadWindows();
    clearInterval(start.poll);
    start.poll = setInterval(loadWindows, 2000);
    return draw(true);
  }
  route();
  box = outbox(me.student);
  const pending = {};
  for (const p of box.all()) {
    if (Date.now() - p.at < OUT_MAX_MS) pending[p.id] = p; else box.remove(p.id);
  }
  s = { ...initial(), pending, draft: JSON.parse(localStorage.getItem(draftKey()) ?? 'null') };
  link ??= new Link({
    message: (m, at) => {
      const first = m.type === 'welcome' && !s.ready;
      receive(m, at);
      if (first) { search(''); loadProgramme(); }
    },
    status: () => {
      draw(true);
      if (link?.stopped === 4004) signedOut();
    },
    refused: () => http('/api/sign-in').then((x) => x.me || signedOut(), () => {}),
    pending: () => Object.values(s.pending).sort((a, b) => a.at - b.at),
    sequence: () => (s.ready ? s.sequence : 0),
  });
  link.open();
  draw(true);
}

async function signedOut() {
  clearInterval(start.poll);
  link?.close();
  me = null;
  s = initial();
  Object.assign(ui, { view: 'plan', dialog: null, results: null, query: '', open: null, windows: null, late: false });
  draw(true);
  try { signIn = await http('/api/sign-in'); draw(true); } catch (e) { if (e.status === 0) { alertUser('offline'); setTimeout(signedOut, 3000); } else failed(e); }
}

// ---------------------------------------------------------------- actions

/** In a swap, a component she did not touch keeps her section, unless it cannot go with the new. */
function keeping(code, choices) {
  const own = s.enrolments.find((e) => e.course === code)?.sections ?? [];
  const section = (key) => sectionOf(model(), key)?.section;
  const wanted = choices.filter(Array.isArray).flat().map(section);
  return choices.map((choice, i) => {
    const mine = section(own[i]);
    if (Array.isArray(choice) || !mine) return choice;
    const apart = wanted.some((x) => (x.parent && section(x.parent) && section(x.parent) !== mine && sectionOf(model(), x.parent).component === sectionOf(model(), mine.key).component)
      || (mine.parent && mine.parent !== x.key && sectionOf(model(), mine.parent).component === sectionOf(model(), x.key).component));
    return apart ? 'any' : [mine.key];
  });
}

const chooseFor = (kind, code) => {
  const r = planOf(model()).find((x) => x.course === code) ?? newRequest(code);
  ui.choices = kind === 'swap' ? courseOf(model(), code).components.map(() => 'any') : r.choices ?? [];
  ui.wait = true;
};

const actions = {
  lang(l) { lang = l; localStorage.setItem('sluis.lang', l); },
  skip() { document.getElementById('main').focus(); },
  async signIn(who) {
    try { await http('/api/sign-in', who); await start(); document.getElementById('main').focus(); } catch (e) { failed(e); }
  },
  async signOut() { try { await http('/api/sign-out', {}); signedOut(); } catch (e) { failed(e); } },
  reconnect() { link.stopped = null; link.wake(); },
  reload() { location.reload(); },
  add(code) {
    setPlan([...planOf(model()), newRequest(code)]);
    say(`${courseName(model(), code)}: ${texts[lang].added}`);
  },
  remove(code) { setPlan(planOf(model()).filter((r) => r.course !== code)); document.getElementById('main').focus({ preventScroll: true }); },
  move(i, by) {
    const list = [...planOf(model())];
    list.splice(i + by, 0, ...list.splice(i, 1));
    setPlan(list);
    say(`${courseName(model(), list[i + by].course)}: ${i + by + 1}`);
  },
  toggle(code) { ui.open = ui.open === code ? null : code; },
  waitlist(code) { edit(code, (r) => ({ waitlist: !r.waitlist })); },
  choose(code, component, section, how) { edit(code, (r) => ({ choices: chosen(courseOf(model(), code), r.choices, component, section, how) })); },
  /** An alternative from the forecast joins what she accepts; the place in line stays. */
  take(key, beside) {
    const found = sectionOf(model(), key);
    if (!found) return;
    const code = found.course.key;
    const component = found.course.components.indexOf(found.component);
    const list = planOf(model());
    if (list.some((r) => r.course === code)) return edit(code, (r) => ({ choices: chosen(found.course, r.choices, component, key, 'in') }));
    const i = list.findIndex((r) => r.course === beside);
    setPlan(list.toSpliced(i + 1, 0, newRequest(code, chosen(found.course, [], component, key, 'in'))));
  },
  query() {}, search() {},
  more() { return search(ui.query, ui.results.page + 1); },
  arm(window) { sendPlan(); request({ type: 'arm', window }); },
  leaveLine(window) { ui.dialog = ['leaveLine', window]; },
  disarm(window) { ui.dialog = null; request({ type: 'disarm', window }); },
  submit(window) {
    sendPlan();
    const m = model();
    const list = submittable(m).find((x) => x.window.key === window)?.rest;
    // The plan as a whole, unless some of it has been decided: nothing is asked twice by the way.
    const rest = list?.length < planOf(m).filter((r) => covers(m.s.windows.find((w) => w.key === window), r.course)).length;
    if (list) request({ type: 'submit', window, ...(rest && { courses: list }) });
    location.hash = 'register';
  },
  dialog(kind, about) {
    if (kind === 'swap' || kind === 'try') chooseFor(kind, about);
    ui.dialog = [kind, about];
  },
  closeDialog() { ui.dialog = null; },
  pickDialog(component, section, how) { ui.choices = chosen(courseOf(model(), ui.dialog[1]), ui.choices, component, section, how); },
  waitDialog() { ui.wait = !ui.wait; },
  drop(course) { ui.dialog = null; request({ type: 'drop', course }); },
  leaveList(course) { ui.dialog = null; request({ type: 'leave_waitlist', course }); },
  swap(course) {
    ui.dialog = null;
    request({ type: 'swap', from: course, to: { course, choices: keeping(course, ui.choices), waitlist: ui.wait } });
  },
  try(course) {
    ui.dialog = null;
    const window = s.windows.find((w) => w.state === 'open' && covers(w, course));
    if (window) request({ type: 'submit', window: window.key, courses: [{ course, choices: ui.choices, waitlist: ui.wait }] });
    else alertUser('window_closed');
  },
  findOther() { location.hash = 'plan'; requestAnimationFrame(() => setTimeout(() => document.getElementById('q')?.focus(), 50)); },
  older() { return loadMessages(ui.older); },
  async markRead() {
    if (!s.messages?.length) return;
    const up_to = Math.max(...s.messages.map((x) => x.journal));
    try {
      await http('/api/messages/read', { up_to });
      s = { ...s, unread: 0, messages: s.messages.map((x) => ({ ...x, read: x.read || x.journal <= up_to })) };
      document.getElementById('main').focus();
    } catch (e) { failed(e); }
  },
  schedule(key) {
    const { closes_at } = ui.windows.find((w) => w.key === key);
    return actions.admin(key, 'schedule', { opens_at: Math.round(Date.now() + s.offset) + 60_000, closes_at: closes_at ?? null });
  },
  async admin(key, what, body) {
    ui.dialog = null;
    try { await http(`/api/admin/windows/${encodeURIComponent(key)}/${what}`, body); say(texts[lang].admin.done); await loadWindows(); } catch (e) { failed(e); }
  },
};

function act(node) {
  if (node.getAttribute('aria-disabled') === 'true') return;
  const done = actions[node.dataset.act](...JSON.parse(node.dataset.arg ?? '[]'));
  draw(true);
  done?.then?.(() => draw(true));
}

document.addEventListener('click', (e) => {
  const node = e.target.closest('[data-act]');
  if (!node || node.nodeName === 'INPUT' || node.nodeName === 'FORM') return;
  if (node.nodeName === 'A') e.preventDefault();
  act(node);
});
document.addEventListener('change', (e) => e.target.type === 'checkbox' && e.target.dataset.act && act(e.target));
let typing = 0;
document.addEventListener('input', (e) => {
  if (e.target.id !== 'q') return;
  clearTimeout(typing);
  typing = setTimeout(() => { ui.query = e.target.value.trim(); search(ui.query); }, 250);
});
document.addEventListener('submit', (e) => {
  e.preventDefault();
  clearTimeout(typing);
  const input = document.getElementById('q');
  if (input) { ui.query = input.value.trim(); search(ui.query); }
});
document.getElementById('dialog').addEventListener('close', () => { ui.dialog = null; });

function route() {
  const view = location.hash.slice(1);
  const old = ui.view;
  if (me?.role === 'student') ui.view = VIEWS.includes(view) ? view : 'plan';
  if (ui.view === 'messages' && !s.messages && s.ready) loadMessages();
  if (old !== ui.view) scrollTo(0, 0);
  draw(true);
}
addEventListener('hashchange', route);
addEventListener('storage', (e) => { if (e.key === 'sluis.lang' && e.newValue) { lang = e.newValue; draw(true); } });

paint();
start();
