// What the page shows: a pure function of the model, one section a view. No handler lives here;
// elements name their action (`act`) and app.js carries it out.
import { h } from './dom.js';

/** Words and numbers in the reader's language. */
export function formats(m) {
  const tag = m.lang === 'nl' ? 'nl-NL' : 'en-GB';
  const f = (options) => (ms) => new Intl.DateTimeFormat(tag, options).format(ms);
  return {
    time: f({ timeStyle: 'medium' }),
    moment: f({ weekday: 'long', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit' }),
    stamp: f({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    number: (n) => new Intl.NumberFormat(tag).format(n),
  };
}

export const courseOf = (m, code) => m.courses.get(code);
export const courseName = (m, code) => courseOf(m, code)?.name[m.lang] ?? code;
export const planOf = (m) => m.s.draft ?? m.s.plan.courses;
const clock = (min) => `${Math.floor(min / 60)}.${String(min % 60).padStart(2, '0')}`;
const ranges = (weeks) => {
  const out = [];
  for (const w of weeks) {
    const last = out.at(-1);
    if (last && last[1] === w - 1) last[1] = w; else out.push([w, w]);
  }
  return out.map(([a, b]) => (a === b ? a : `${a}–${b}`)).join(', ');
};
export function sectionOf(m, key) {
  const course = m.courses.get(key.slice(0, key.lastIndexOf('/'))) ?? [...m.courses.values()].find((c) => c.components.some((k) => k.sections.some((s) => s.key === key)));
  for (const component of course?.components ?? []) {
    const section = component.sections.find((s) => s.key === key);
    if (section) return { course, component, section };
  }
  return null;
}
const shortKey = (key) => key.slice(key.lastIndexOf('/') + 1);
export function sectionName(m, key) {
  const found = sectionOf(m, key);
  return found ? `${m.t[found.component.kind].toLowerCase()} ${shortKey(key)}` : key;
}
const when = (m, section) => section.meetings.map((x) => `${m.t.short[x.weekday]} ${clock(x.start)}–${clock(x.end)}`).join(', ') || m.t.noMeetings;
const code = (c) => h('span.code', null, c);
const button = (label, act, kind = '', more = {}) => h('button', { type: 'button', act, class: kind, ...more }, label);
const mark = (sign) => h('span.mark', { 'aria-hidden': 'true' }, sign);
const credits = (m, n) => m.f.number(Math.round(n * 100) / 100);

/** A reason in words. `about` is a code, or a number of credits. */
export function reasonText(m, reason, about) {
  const name = about && (reason === 'clash' || reason === 'prerequisite_missing') ? courseName(m, about)
    : about && reason === 'credit_limit' ? credits(m, Number(about)) : about;
  return m.t.reasons[reason]?.(name) ?? reason;
}

export function seatsOf(m, section) {
  const live = m.s.seats[section.key];
  return { left: live ? live.left ?? null : section.left, status: live?.status ?? section.status ?? 'open' }; // undefined: not told yet
}
function seatsText(m, { left, status }) {
  if (status !== 'open') return status === 'cancelled' ? m.t.cancelledSection : m.t.closedSection;
  if (left === undefined) return '';
  return left === null ? m.t.unlimited : left === 0 ? m.t.fullNow : m.t.left(left);
}
/** Seats left in the scarcest component of what she accepts. */
export function courseSeats(m, course, choices = []) {
  let scarce = null;
  let unknown = false;
  course.components.forEach((component, i) => {
    const choice = choices[i];
    const sections = component.sections.filter((s) => !Array.isArray(choice) || choice.includes(s.key)).map((s) => seatsOf(m, s)).filter((s) => s.status === 'open');
    if (sections.some((s) => s.left === undefined)) { unknown = true; return; }
    if (sections.some((s) => s.left === null)) return;
    const sum = sections.reduce((n, s) => n + s.left, 0);
    scarce = scarce === null ? sum : Math.min(scarce, sum);
  });
  return { left: unknown ? undefined : scarce, status: 'open' };
}
const seatsTag = (m, seats, extra = '') => h('span.seats', { class: seats.left === 0 || seats.status !== 'open' ? 'none' : '' }, seatsText(m, seats), extra && ` ${extra}`);

export const held = (m, c) => m.s.enrolments.some((e) => e.course === c) || m.s.waitlist.some((e) => e.course === c);
const busyWith = (m, c) => Object.values(m.s.pending).some((p) => p.course === c || p.from === c || p.courses?.some((r) => r.course === c));
const pendingFor = (m, type, window) => Object.values(m.s.pending).some((p) => p.type === type && p.window === window);

// ---------------------------------------------------------------- frame

export function page(m) {
  const { t } = m;
  const lang = (l, name) => button(h('span', null, l.toUpperCase()), ['lang', l], 'plain', { 'aria-pressed': String(m.lang === l), title: name, lang: l });
  const tabs = !m.me ? [] : m.me.role === 'student' ? ['plan', 'register', 'timetable', 'messages'] : ['windows'];
  return h('div', { id: 'root' },
    h('a.skip', { href: '#main', act: ['skip'] }, t.skip),
    h('header', { key: 'header' },
      h('div.brand', null, h('span.logo'), h('span', null, 'Sluis')),
      h('div.tools', null, h('div.langs', { role: 'group', 'aria-label': t.language }, lang('nl', 'Nederlands'), lang('en', 'English')), m.me && button(t.signOut, ['signOut'], 'plain')),
    ),
    tabs.length > 1 && h('nav', { key: 'nav', 'aria-label': t.views }, tabs.map((tab) => h('a', { href: `#${tab}`, 'aria-current': m.ui.view === tab && 'page' }, t[tab],
      tab === 'messages' && m.s.unread > 0 && h('span.badge', null, h('span', { 'aria-hidden': 'true' }, m.s.unread), h('span.hidden', null, ` (${t.unread(m.s.unread)})`))))),
    banner(m),
    h('main', { id: 'main', tabindex: -1, key: `main ${m.me ? m.ui.view : 'signIn'}` }, content(m)),
  );
}

function banner(m) {
  const { t, link } = m;
  if (!link || link.status === 'open') return null;
  const box = (...c) => h('section.banner', { key: 'banner', 'aria-label': t.lost }, c);
  if (link.stopped === 4005) return box(h('p', null, t.tooMany), button(t.here, ['reconnect']));
  if (link.stopped === 4003) return box(h('p', null, t.oldPage), button(t.reload, ['reload']));
  if (link.stopped || !m.ui.late) return null;
  const age = Math.round((m.now - m.s.heard) / 1000);
  const wait = link.retryAt ? Math.ceil((link.retryAt - m.now) / 1000) : 0;
  return box(h('p', null, h('strong', null, t.lost), ' ', m.s.heard > 0 && `${t.lostAge(m.f.time(m.s.heard + (m.s.offset ?? 0)), age < 120 ? t.seconds(age) : t.minutes(Math.round(age / 60)))} `, wait > 0 ? t.retryIn(wait) : t.trying), button(t.retryNow, ['reconnect']));
}

function content(m) {
  if (m.me === undefined) return h('p', null, m.t.loading);
  if (!m.me) return signIn(m);
  if (m.ui.view === 'windows') return registrar(m);
  if (!m.s.ready) return [h('h1', null, m.t[m.ui.view]), h('p.quiet', null, m.t.loading)];
  return { plan, register, timetable, messages }[m.ui.view](m);
}

function signIn(m) {
  const { t } = m;
  const info = m.signIn;
  const who = (label, small, as) => h('li', null, button([h('strong', null, label), small && h('span', null, small)], ['signIn', as], 'who'));
  return [
    h('h1', null, t.signInWho),
    !info ? h('p.quiet', null, t.loading) : info.mode !== 'demo' ? h('p', null, t.signInOff) : [
      h('p.lead', null, t.signInDemo),
      h('h2', null, t.students),
      h('ul.cards', null, (info.showcase.length ? info.showcase : info.students.map((student) => ({ student }))).map((s) => who(s.label?.[m.lang] ?? s.student, s.label ? s.student : '', { student: s.student }))),
      h('h2', null, t.registrar),
      h('ul.cards', null, who(t.registrar, t.registrarWhat, { role: 'registrar' })),
    ],
  ];
}

// ---------------------------------------------------------------- plan

function plan(m) {
  const { t, s } = m;
  const list = planOf(m);
  const sum = list.reduce((n, r) => n + (courseOf(m, r.course)?.credits ?? 0), 0);
  const limit = s.windows.find((w) => w.state !== 'closed' && w.credit_limit)?.credit_limit;
  const state = !s.draft ? t.saved : m.link?.status === 'open' ? t.saving : t.unsaved;
  const open = submittable(m);
  return h('div.columns', null,
    h('section', { 'aria-labelledby': 'plan-title' },
      h('h1', { id: 'plan-title' }, t.plan),
      h('p.summary', null, h('strong', null, t.courses(list.length)), ' · ', t.creditsOf(credits(m, sum), limit && credits(m, limit)), (list.length > 0 || s.draft) && [' · ', h('span.quiet', null, state)]),
      open.map(({ window, todo }) => h('div.callout', { key: `open ${window.key}` }, h('p', null, h('strong', null, window.name[m.lang]), ' · ', t.openNow), button(t.planSubmitNow(todo), ['submit', window.key], 'primary', { 'aria-disabled': pendingFor(m, 'submit', window.key) && 'true' }))),
      list.length > 0 && s.windows.map((w) => nextStep(m, w, list)),
      list.length > 0 ? h('p.quiet', null, t.planLead) : h('div.empty', null, h('p', null, h('strong', null, t.planEmpty)), h('p', null, t.planEmptyHow)),
      h('ol.plan', null, list.map((r, i) => planCourse(m, r, i, list.length))),
    ),
    h('section', { 'aria-labelledby': 'add-title' }, catalogue(m)),
  );
}

/** What is left to do with this plan: arm it, or follow it in line. */
function nextStep(m, w, list) {
  const { t } = m;
  const ticket = m.s.line.find((l) => l.window === w.key);
  const place = m.s.positions[w.key]?.position;
  const left = w.opens_at - m.serverNow;
  if (!(w.state === 'planned' && w.opens_at && list.some((r) => m.covers(w, r.course))) && !(w.state === 'open' && ticket)) return null;
  const busy = pendingFor(m, 'arm', w.key);
  const how = w.state === 'open' ? h('p.state.armed', null, mark('◆'), t.line, place && `: ${t.place.toLowerCase()} ${m.f.number(place)}`)
    : h('p', null, `${t.opensIn} `, h('strong', null, left > 0 ? countdown(m, left) : '…'), ticket && [' · ', h('strong', null, mark('◆'), t.armed)]);
  return h('div.callout', { key: `next ${w.key}` }, h('p', null, h('strong', null, w.name[m.lang])), how,
    h('div.row', null, !ticket && button(busy ? t.busy : t.arm, ['arm', w.key], 'primary', { 'aria-disabled': busy && 'true' }),
      h('a', { href: '#register' }, w.state === 'open' ? t.toLine : t.toOpening)));
}

function planCourse(m, r, i, n) {
  const { t } = m;
  const course = courseOf(m, r.course);
  const name = courseName(m, r.course);
  const blockers = m.s.plan.blockers.find((b) => b.course === r.course)?.blockers ?? [];
  const openNow = m.ui.open === r.course;
  const icon = (sign, label, act, off) => button(sign, act, 'icon', { 'aria-label': label, title: label, 'aria-disabled': off && 'true' });
  const e = m.s.enrolments.find((x) => x.course === r.course);
  const w = m.s.waitlist.find((x) => x.course === r.course);
  const o = !e && !w && m.s.outcomes.find((x) => x.course === r.course);
  return h('li.card', { key: r.course },
    h('div.head', null,
      h('span.rank', { 'aria-hidden': 'true' }, i + 1),
      h('div', null, h('h2.name', null, name), h('p.meta', null, code(r.course), course && [' · ', t.ec(credits(m, course.credits))])),
      h('div.order', null, icon('↑', t.up(name), ['move', i, -1], i === 0), icon('↓', t.down(name), ['move', i, 1], i === n - 1), icon('✕', t.removeNamed(name), ['remove', r.course])),
    ),
    e ? h('p.state.enrolled', null, mark('✓'), t.enrolled) : w ? h('p.state.waitlisted', null, mark('…'), `${t.waitlisted}, ${t.rank(w.rank)}`)
      : course && h('p', null, seatsTag(m, courseSeats(m, course, r.choices), r.choices?.some(Array.isArray) ? t.leftInChoice : '')),
    o && h('p.state', { class: o.outcome }, mark(o.outcome === 'refused' ? '✕' : '–'), t[o.outcome], o.reason ? `: ${reasonText(m, o.reason, o.about)}. ` : '. ', h('a', { href: '#register' }, t.toOutcome)),
    !e && !w && blockers.length > 0 && h('ul.blockers', { 'aria-label': t.inTheWay }, blockers.map((b) => h('li', { class: b.reason === 'full' ? 'soft' : '' }, mark('!'), reasonText(m, b.reason, b.about)))),
    !e && !w && h('div.row', null,
      course && button([t.sections, ' ', h('span', { 'aria-hidden': 'true' }, openNow ? '▴' : '▾')], ['toggle', r.course], '', { 'aria-expanded': String(openNow), 'aria-controls': openNow && `choose-${i}` }),
      h('label.check', null, h('input', { type: 'checkbox', checked: r.waitlist, act: ['waitlist', r.course] }), t.wait)),
    openNow && course && !e && !w && h('div', { id: `choose-${i}` }, chooser(m, course, r.choices, ['choose', r.course])),
  );
}

/** Per component: any, or sections in order of preference. `act` gets (component, section). */
function chooser(m, course, choices = [], act, own = []) {
  const { t } = m;
  return h('div.chooser', null, !own.length && h('p.quiet', null, t.chooseHow), course.components.map((component, c) => {
    const ranked = Array.isArray(choices[c]) ? choices[c] : [];
    return h('fieldset', null, h('legend', null, t[component.kind]),
      component.sections.length > 1 && !own.length && button(t.anyFits, [...act, c, null], 'option', { 'aria-pressed': String(!ranked.length) }),
      component.sections.map((x) => {
        const at = ranked.indexOf(x.key);
        const seats = seatsOf(m, x);
        const about = h('span.about', null, h('strong', null, shortKey(x.key)), ' ', when(m, x), own.includes(x.key) && h('span.tag', null, t.yours), h('br'), seatsTag(m, seats), x.meetings[0]?.weeks && h('span.quiet', null, ` · ${t.weeks(ranges(x.meetings[0].weeks))}`), x.parent && h('span.quiet', null, ` · ${t.withLecture(shortKey(x.parent))}`));
        if (component.sections.length < 2) return h('p.option.only', null, about);
        return h('div.pick', { key: x.key },
          button([h('span.pip', null, at < 0 ? '' : h('span', { 'aria-hidden': 'true' }, at + 1), at >= 0 && h('span.hidden', null, `${t.first(at + 1)}, `)), about], [...act, c, x.key], 'option', { 'aria-pressed': String(at >= 0) }),
          at > 0 && button('↑', [...act, c, x.key, 'up'], 'icon', { 'aria-label': t.rankUp(shortKey(x.key)) }));
      }));
  }));
}

function catalogue(m) {
  const { t, ui } = m;
  const mine = new Set(planOf(m).map((r) => r.course));
  const item = (c, note) => c && h('li.card', { key: c.key },
    h('div.head', null,
      h('div', null, h('h3', null, c.name[m.lang]), h('p.meta', null, code(c.key), ' · ', t.ec(credits(m, c.credits)), c.language && ` · ${c.language.toUpperCase()}`, c.period && ` · ${t.period(c.period)}`, note && ' · ', note && h('strong', null, note)),
        h('p.meta', null, c.components.map((k) => `${t[k.kind]}${k.sections.length > 1 ? ` (${k.sections.length})` : ''}`).join(' · '), courseSeats(m, c).left !== undefined && c.components.length > 0 && ' · ', seatsTag(m, courseSeats(m, c)))),
      mine.has(c.key) ? h('span.quiet.added', null, mark('✓'), t.added) : button(t.add, ['add', c.key], '', { 'aria-label': `${t.add}: ${c.name[m.lang]}` })));
  const mineList = ui.query ? [] : m.requirements.filter((r) => !held(m, r.course)).map((r) => item(courseOf(m, r.course), r.required ? t.required : t.optional)).filter(Boolean);
  const shown = new Set(ui.query ? [] : m.requirements.map((r) => r.course));
  const results = ui.results?.codes.filter((c) => !shown.has(c)).map((c) => item(courseOf(m, c)));
  return [
    h('h2', { id: 'add-title' }, t.addCourse),
    h('form', { role: 'search', act: ['search'] }, h('label.hidden', { for: 'q' }, t.search), h('input', { id: 'q', type: 'search', name: 'q', placeholder: t.search, value: ui.query, autocomplete: 'off', act: ['query'] }), h('button', { type: 'submit' }, t.searchButton)),
    mineList.length > 0 && [h('h3.group', null, t.forYou(m.s.year)), h('ul.list', { key: 'mine' }, mineList)],
    !results ? h('p.quiet', null, t.loading) : [
      h('h3.group', null, !ui.query ? t.allCourses : results.length ? t.found(ui.results.total) : t.nothingFound(ui.query)),
      h('ul.list', { key: 'all' }, results),
      ui.results.codes.length < ui.results.total && button(t.more, ['more'])],
  ];
}

// ---------------------------------------------------------------- opening, line, outcomes

/** Open windows for which something of the plan is undecided and she is not in line. What has been
 * decided is asked again one by one, never by the way. */
export function submittable(m) {
  const rest = planOf(m).filter((r) => !held(m, r.course) && !m.s.outcomes.some((o) => o.course === r.course));
  return m.s.windows.filter((w) => w.state === 'open' && !m.s.line.some((l) => l.window === w.key))
    .map((window) => ({ window, rest: rest.filter((r) => m.covers(window, r.course)) })).map((x) => ({ ...x, todo: x.rest.length })).filter((x) => x.todo > 0);
}

function register(m) {
  const { t, s } = m;
  const weight = { open: 0, planned: 1, closed: 2 };
  const sorted = [...s.windows].sort((a, b) => weight[a.state] - weight[b.state] || (a.opens_at ?? Infinity) - (b.opens_at ?? Infinity));
  const told = outcomes(m);
  const windows = h('div', { key: 'windows' },
    !sorted.length && h('p.empty', null, t.noWindow),
    sorted.map((w) => {
      const ticket = s.line.find((l) => l.window === w.key);
      const body = w.state === 'planned' ? opening(m, w, ticket) : w.state === 'open' ? ticket ? inLine(m, w, ticket) : isOpen(m, w) : h('p.quiet', null, t.closedWhat);
      return h('section.window', { key: w.key, class: w.state, 'aria-labelledby': `w-${w.key}` }, h('h2', { id: `w-${w.key}` }, w.name[m.lang], ' ', h('span.tag', null, w.state === 'open' ? t.isOpen : w.state === 'planned' ? t.isPlanned : t.isClosed)), body);
    }));
  return [h('h1', null, t.register), h('div', { class: told ? 'columns' : 'single' }, s.line.length ? [windows, told] : [told, windows])];
}

function seal(m, w) {
  const { t } = m;
  return [
    h('p.rule', null, h('strong', null, `${t.rule}: `), t[w.order === 'lottery' && w.state !== 'planned' ? 'lotteryDone' : w.order] ?? w.order),
    w.order === 'lottery' && h('details', null, h('summary', null, t.seal), h('p.quiet', null, w.seed ? t.sealAfter : t.sealWhat),
      h('dl', null, h('dt', null, t.sealHash), h('dd.hex', null, w.seed_hash), w.seed && [h('dt', null, t.sealSeed), h('dd.hex', null, w.seed)])),
  ];
}

export function countdown(m, ms) {
  if (ms >= 2 * 86_400_000) return m.t.daysLeft(Math.floor(ms / 86_400_000));
  const n = Math.ceil(ms / 1000);
  const two = (x) => String(x).padStart(2, '0');
  return `${n >= 3600 ? `${two(Math.floor(n / 3600))}:` : ''}${two(Math.floor(n / 60) % 60)}:${two(n % 60)}`;
}

function opening(m, w, ticket) {
  const { t } = m;
  const left = w.opens_at ? w.opens_at - m.serverNow : null;
  const busy = pendingFor(m, 'arm', w.key) || pendingFor(m, 'disarm', w.key);
  const some = planOf(m).some((r) => m.covers(w, r.course));
  return [
    h('div.gate', { class: ticket ? 'ready' : '' },
      left === null ? h('p', null, t.opensWhen) : left <= 0 ? h('p.big', null, t.opening) : [h('p.label', { id: `in-${w.key}` }, t.opensIn), h('p.big', { role: 'timer', 'aria-live': 'off', 'aria-labelledby': `in-${w.key}` }, countdown(m, left)), h('p.quiet', null, t.opensAt(m.f.moment(w.opens_at)))],
      ticket ? [h('p.state.armed', null, mark('◆'), t.armed), h('p', null, t.armedAmong(w.waiting || ticket.among), ticket.ticket !== null && h('span.quiet', null, ` ${t.ticket(ticket.ticket)}`)), h('p', null, t.armedSafe), button(busy ? t.busy : t.disarm, ['disarm', w.key], '', { 'aria-disabled': busy && 'true' })]
        : some ? [button(busy ? t.busy : t.arm, ['arm', w.key], 'primary', { 'aria-disabled': busy && 'true' }), h('p', null, t.armWhat), w.waiting > 0 && h('p.quiet', null, `${t.waitingNow(w.waiting)}.`)]
          : h('p', null, t.armFirst, ' ', h('a', { href: '#plan' }, t.toPlan)),
    ),
    seal(m, w),
  ];
}

function eta(m, p) {
  const { t } = m;
  if (p.eta_low === undefined || p.eta_high === undefined) return t.etaUnknown;
  if (p.eta_high <= 1) return t.soon;
  const inMinutes = p.eta_high >= 120;
  const a = inMinutes ? Math.floor(p.eta_low / 60) : p.eta_low;
  const b = inMinutes ? Math.ceil(p.eta_high / 60) : p.eta_high;
  return t.range(m.f.number(a), m.f.number(b), (inMinutes ? t.min : t.sec)(b));
}

function inLine(m, w, ticket) {
  const { t, f } = m;
  const p = m.s.positions[w.key];
  const busy = pendingFor(m, 'disarm', w.key);
  const forecast = m.s.forecasts[w.key];
  return [
    h('div.gate.ready', null,
      h('p.state.armed', null, mark('◆'), t.line),
      !p ? h('p', null, t.lineSoon) : [
        h('p.label', null, t.place),
        h('p.big', null, f.number(p.position), h('small', null, ` ${t.ofAll(f.number(p.of))}`)),
        h('progress', { max: 1, value: p.done.toFixed(3), 'aria-label': t.progress }),
        h('p', null, `${t.eta}: `, h('strong', null, eta(m, p)), h('span.quiet', null, ` · ${t.updated(f.time(p.at + (m.s.offset ?? 0)))}`)),
      ],
      h('p', null, t.lineSafe),
      button(busy ? t.busy : t.leave, ['leaveLine', w.key], '', { 'aria-disabled': busy && 'true' }),
    ),
    h('h3.group', null, t.chances),
    !forecast ? h('p.quiet', null, t.forecastWait) : [
      h('ul.list', null, forecast.map((c) => forecastItem(m, c))),
      h('p.quiet', null, t.forecastNote, ' ', t.keepPlace)],
    seal(m, w),
  ];
}

function forecastItem(m, c) {
  const { t } = m;
  const request = planOf(m).find((r) => r.course === c.course);
  const accepted = (key) => {
    const x = sectionOf(m, key);
    const r = x && planOf(m).find((y) => y.course === x.course.key);
    const choice = r && (r.choices?.[x.course.components.indexOf(x.component)] ?? 'any');
    return choice === 'any' || choice?.includes(key);
  };
  const others = c.verdict === 'likely' ? [] : c.alternatives.filter((key) => !accepted(key));
  const course = courseOf(m, c.course);
  return h('li.card.forecast', { key: c.course },
    h('div.head', null, h('div', null, h('h4', null, courseName(m, c.course)), h('p.meta', null, code(c.course), ' · ', seatsTag(m, course && request ? courseSeats(m, course, request.choices) : { left: c.seats_left ?? null, status: 'open' }))), h('span.verdict', { class: c.verdict }, t[c.verdict] ?? c.verdict)),
    others.length > 0 && [h('p', null, t.fits), h('div.row', null, others.map((key) => {
      const found = sectionOf(m, key);
      return button(t.take(`${found && found.course.key !== c.course ? `${found.course.name[m.lang]}, ` : ''}${sectionName(m, key)}${found ? ` (${when(m, found.section)})` : ''}`), ['take', key, c.course]);
    }))]);
}

function isOpen(m, w) {
  const { t } = m;
  const todo = submittable(m).find((x) => x.window.key === w.key)?.todo ?? 0;
  const busy = pendingFor(m, 'submit', w.key);
  return [
    h('div.gate', null,
      h('p', null, t.openNow, w.closes_at ? ` ${t.openUntil(m.f.moment(w.closes_at))}` : ''),
      todo || busy ? [button(busy ? t.busy : t.planSubmitNow(todo), ['submit', w.key], 'primary', { 'aria-disabled': busy && 'true' }), h('p', null, t.submitWhat)]
        : h('p', null, planOf(m).length ? t.nothingToSubmit : t.armFirst, ' ', h('a', { href: '#plan' }, t.toPlan))),
    seal(m, w),
  ];
}

/** Every course with an outcome, a seat or a waitlist place: what holds now comes first. */
function outcomes(m) {
  const { t, s } = m;
  const rank = new Map(planOf(m).map((r, i) => [r.course, i]));
  const codes = [...new Set([...s.outcomes, ...s.enrolments, ...s.waitlist].map((o) => o.course))].sort((a, b) => (rank.get(a) ?? 99) - (rank.get(b) ?? 99));
  const asked = Object.values(s.pending).filter((p) => p.type === 'submit').flatMap((p) => p.courses ?? []).map((r) => r.course).filter((c) => !codes.includes(c));
  if (!codes.length && !asked.length) return null;
  return h('section', { 'aria-labelledby': 'outcomes-title', key: 'outcomes' }, h('h2', { id: 'outcomes-title' }, t.outcomes),
    h('ul.list', null, asked.map((c) => h('li.card.outcome', { key: `asked ${c}` }, h('h3', null, courseName(m, c)), h('p.state', null, mark('…'), t.sentWaiting))), codes.map((c) => outcome(m, c))),
    h('p.quiet', null, t.finalNote));
}

function outcome(m, c) {
  const { t, s } = m;
  const e = s.enrolments.find((x) => x.course === c);
  const w = s.waitlist.find((x) => x.course === c);
  const o = s.outcomes.find((x) => x.course === c);
  const kind = w && !e ? 'waitlisted' : e ? 'enrolled' : o.outcome === 'enrolled' ? 'dropped' : o.outcome === 'waitlisted' ? 'left_waitlist' : o.outcome;
  const sign = { enrolled: '✓', waitlisted: '…', refused: '✕' }[kind] ?? '–';
  const busy = busyWith(m, c);
  const off = { 'aria-disabled': busy && 'true' };
  const no = o?.reason && reasonText(m, o.reason, o.about);
  const openWindow = s.windows.some((x) => x.state === 'open' && m.covers(x, c) && !s.line.some((l) => l.window === x.key));
  const receiptNo = e?.journal ?? o?.journal;
  const at = e?.at ?? (o?.journal === receiptNo && o.at);
  return h('li.card.outcome', { key: c, class: kind },
    h('p.state', { class: kind }, mark(sign), h('strong', null, t[kind]), kind === 'waitlisted' ? `, ${t.rank(w.rank)}` : kind === 'refused' ? `: ${no}` : ''),
    h('h3', null, courseName(m, c), ' ', code(c)),
    e && h('ul.sections', null, e.sections.map((key) => { const x = sectionOf(m, key); return h('li', null, h('strong', null, sectionName(m, key)), x && ` ${when(m, x.section)}`, x?.section.meetings[0]?.place && h('span.quiet', null, ` · ${x.section.meetings[0].place}`)); })),
    e && w && h('p.state.waitlisted', null, mark('…'), `${t.waitlisted}, ${t.rank(w.rank)}`),
    w?.keeps && h('p', null, t.keeps(courseName(m, w.keeps))),
    e && o?.clash && h('p', null, mark('!'), ' ', t.clashWarn),
    e && o?.outcome === 'refused' && !/^already/.test(o.reason) && h('p.note', null, t.swapNo(no)),
    receiptNo !== undefined && h('p.receipt', null, t.receipt(receiptNo), at && ` · ${m.f.stamp(at)}`),
    h('div.row', null,
      busy && h('span.quiet', null, t.sentWaiting),
      e && openWindow && !w && courseOf(m, c)?.components.some((k) => k.sections.length > 1) && button(t.swap, ['dialog', 'swap', c], '', off),
      e && button(t.drop, ['dialog', 'drop', c], '', off),
      w && button(t.leaveList, ['dialog', 'leaveList', c], '', off),
      /^(refused|dropped|left_waitlist)$/.test(kind) && openWindow && button(/^(full|clash|closed|waitlist_full)$/.test(o?.reason) ? t.tryAgain : t.askAgain, ['dialog', 'try', c], '', off),
      kind === 'refused' && openWindow && h('a.button', { href: '#plan', act: ['findOther'] }, t.tryOther)));
}

// ---------------------------------------------------------------- timetable, messages, registrar

function timetable(m) {
  const { t, s } = m;
  const rows = s.enrolments.flatMap((e) => e.sections.map((key) => sectionOf(m, key)).filter(Boolean).flatMap((x) => (x.section.meetings.length ? x.section.meetings : [{ weekday: 0 }]).map((meeting) => ({ ...x, meeting }))));
  const item = ({ course, component, section, meeting }) => h('li.card', null, meeting.weekday > 0 && h('p.time', null, `${clock(meeting.start)}–${clock(meeting.end)}`), h('h3', null, course.name[m.lang]),
    h('p.meta', null, `${t[component.kind]} ${shortKey(section.key)}`, meeting.place && ` · ${meeting.place}`), meeting.weeks && h('p.meta', null, t.weeks(ranges(meeting.weeks))));
  const day = (d) => {
    const list = rows.filter((r) => r.meeting.weekday === d).sort((a, b) => a.meeting.start - b.meeting.start);
    return list.length > 0 && h('section.day', { key: `day ${d}` }, h('h2', null, d ? t.days[d] : t.noTime), h('ul.list', null, list.map(item)));
  };
  return [h('h1', null, t.timetable), rows.length ? h('div.week', null, [1, 2, 3, 4, 5, 6, 7, 0].map(day)) : h('p.empty', null, t.timetableEmpty)];
}

export function messageText(m, x) {
  const known = m.s.windows.find((w) => w.key === x.window);
  const words = {
    course: x.course && courseName(m, x.course), window: known?.name[m.lang] ?? x.window, reason: x.reason && reasonText(m, x.reason, x.about), about: x.about,
    gave: x.kind === 'promoted' && x.about && x.about !== x.course ? courseName(m, x.about) : '', sections: (x.sections ?? []).map((k) => sectionName(m, k)).join(', '),
  };
  return m.t.kinds[x.kind]?.(words) ?? x.kind;
}

function messages(m) {
  const { t, s } = m;
  return [
    h('h1', null, t.messages),
    s.unread > 0 && h('p.row', null, t.unread(s.unread), button(t.markRead, ['markRead'])),
    !s.messages ? h('p.quiet', null, t.loading) : !s.messages.length ? h('p.empty', null, t.messagesEmpty)
      : h('ul.list', null, s.messages.map((x) => h('li.card.message', { key: x.id, class: x.read ? '' : 'unread' }, h('p.meta', null, !x.read && h('strong.tag', null, t.isUnread), ' ', h('time', { datetime: new Date(x.at).toISOString() }, m.f.stamp(x.at))), h('p', null, messageText(m, x))))),
    s.messages && m.ui.older && h('p', null, button(t.older, ['older'])),
  ];
}

function registrar(m) {
  const { t } = m;
  const a = t.admin;
  const list = m.ui.windows;
  return [h('h1', null, t.windows), !list ? h('p.quiet', null, t.loading) : h('ul.list', null, list.map((w) => {
    const left = w.opens_at && w.state === 'planned' ? w.opens_at - m.serverNow : 0;
    return h('li.card', { key: w.key }, h('h2', null, w.name[m.lang], ' ', h('span.tag', null, w.state === 'open' ? t.isOpen : w.state === 'planned' ? t.isPlanned : t.isClosed)),
      left > 0 && [h('p.label', { id: `in-${w.key}` }, t.opensIn), h('p.big', { role: 'timer', 'aria-live': 'off', 'aria-labelledby': `in-${w.key}` }, countdown(m, left))],
      h('dl.facts', null, [[w.state === 'planned' ? a.armedN : a.waitingN, m.f.number(w.waiting)], [a.pace, w.pace ? a.perSecond(w.pace) : a.noPace], w.rehearsal && [a.run, w.run + 1]].filter(Boolean).map(([k, v]) => [h('dt', null, k), h('dd', null, v)])),
      h('div.row', null,
        w.state === 'planned' && [button(a.open, ['admin', w.key, 'open', {}], 'primary'), button(a.schedule, ['schedule', w.key])],
        w.state === 'open' && button(a.close, ['dialog', 'close', w.key]),
        w.rehearsal && w.state !== 'planned' && button(a.reset, ['dialog', 'reset', w.key])),
      seal(m, w));
  }))];
}

// ---------------------------------------------------------------- dialogs

export function dialog(m) {
  const { t, ui } = m;
  const [kind, about] = ui.dialog;
  const window = ui.windows?.find((w) => w.key === about) ?? m.s.windows.find((w) => w.key === about);
  const name = window ? window.name[m.lang] : courseName(m, about);
  const ask = (title, text, label, act, more, off) => [h('h2', { id: 'dialog-title' }, title), h('p', null, text), more, h('div.row', null, button(label, act, 'primary', { 'aria-disabled': off && 'true' }), button(t.cancel, ['closeDialog']))];
  const choose = () => chooser(m, courseOf(m, about), ui.choices, ['pickDialog'], m.s.enrolments.find((e) => e.course === about)?.sections);
  const wait = (label) => h('label.check', null, h('input', { type: 'checkbox', checked: ui.wait, act: ['waitDialog'] }), label);
  return {
    drop: () => ask(t.dropSure(name), t.dropWhat, t.drop, ['drop', about]),
    leaveList: () => ask(t.leaveListSure(name), t.leaveListWhat, t.leaveList, ['leaveList', about]),
    leaveLine: () => ask(t.leaveSure, t.leaveWhat, t.leave, ['disarm', about]),
    swap: () => ask(t.swapTitle(name), t.swapWhat, t.swapDo, ['swap', about], [choose(), wait(t.swapWait)], !ui.choices.some(Array.isArray)),
    try: () => ask(t.tryTitle(name), t.submitWhat, t.tryDo, ['try', about], [choose(), wait(t.wait)]),
    close: () => ask(t.admin.closeSure(name), t.admin.closeWhat, t.admin.close, ['admin', about, 'close', {}]),
    reset: () => ask(t.admin.resetSure(name), t.admin.resetWhat, t.admin.reset, ['admin', about, 'reset', { opens_in_s: 60 }]),
  }[kind]();
}
