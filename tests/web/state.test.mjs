// `node --test tests/web/`: the page's reducer and texts, without a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answered, backoff, initial, reduce, uuid7 } from '../../web/state.js';
import { texts } from '../../web/text.js';

const win = (state, run = 0) => ({ key: 'w', name: { nl: 'w', en: 'w' }, state, run, waiting: 9 });
const welcome = { type: 'welcome', protocol: 1, server_time: 5000, windows: [win('open')], plan: { courses: [], blockers: [], credits: 0 }, enrolments: [], waitlist: [], line: [], outcomes: [], unread: 0, sequence: 3, as_of: 9 };
const position = (position) => ({ type: 'position', window: 'w', position, of: 50, serving: 0 });
const outcome = (more) => ({ id: 'a', course: 'C', outcome: 'enrolled', sections: ['C/1'], journal: 7, at: 1, ...more });
const run = (...messages) => messages.reduce((s, m) => reduce(s, m, 1000), initial());

test('progress never runs backwards', () => {
  const at = (...p) => run(welcome, ...p.map(position)).positions.w.done;
  assert.equal(at(40), 0);
  assert.equal(at(40, 10), 0.75);
  assert.equal(at(40, 10, 20), 0.75);
});

test('an outcome is told once, ends the place in line and gives the seat', () => {
  const told = { type: 'outcomes', sequence: 4, outcomes: [outcome()] };
  const s = run(welcome, position(1), told);
  assert.deepEqual([s.enrolments[0].course, s.line, s.positions, s.sequence], ['C', [], {}, 4]);
  assert.equal(s.news.length, 1);
  assert.equal(reduce(s, told).news.length, 0);
});

test('an outcome makes the list of messages be read again; one told before does not', () => {
  const told = { type: 'outcomes', sequence: 4, unread: 1, outcomes: [outcome()] };
  const s = reduce({ ...run(welcome), messages: [] }, told);
  assert.deepEqual([s.messages, s.unread], [null, 1]);
  assert.deepEqual(reduce({ ...s, messages: [] }, told).messages, []);
});

test('a refused swap keeps what she has', () => {
  const s = run(welcome, { type: 'outcomes', sequence: 4, outcomes: [outcome()] }, { type: 'outcomes', sequence: 5, outcomes: [outcome({ outcome: 'refused', reason: 'full', journal: 8 })] });
  assert.equal(s.enrolments.length, 1);
});

test('what was decided while away is news after the welcome', () => {
  const s = run(welcome, { ...welcome, outcomes: [outcome()] });
  assert.equal(s.news.length, 1);
  assert.equal(run({ ...welcome, outcomes: [outcome()] }).news.length, 0, 'not on the first');
});

test('requests are pending until answered', () => {
  const pending = { a: { id: 'a', type: 'arm', window: 'w' }, b: { id: 'b', type: 'drop', course: 'C' } };
  assert.deepEqual(answered(pending, { type: 'armed', window: 'w' }), ['a']);
  assert.deepEqual(answered(pending, { type: 'error', id: 'b', code: 'x' }), ['b']);
  assert.deepEqual(answered(pending, { type: 'busy', id: 'b' }), []);
});

test('a rehearsal run again is read anew; the clock follows the best pong', () => {
  assert.equal(run(welcome, { type: 'window', window: win('planned', 1) }).stale, true);
  let s = reduce(run(welcome), { type: 'pong', n: 1, server_time: 6000 }, 1010, 990);
  assert.equal(s.offset, 5000);
  s = reduce(s, { type: 'pong', n: 2, server_time: 9000 }, 2000, 1000);
  assert.equal(s.offset, 5000, 'a slow pong says little');
});

test('ids are UUIDv7 and backoff stays within its bounds', () => {
  assert.match(uuid7(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  for (let n = 0; n < 12; n++) for (const r of [0, 0.5, 0.999]) assert.ok(backoff(n, r) >= 500 && backoff(n, r) <= 30_000);
});

test('both languages have the same texts', () => {
  const keys = (o) => Object.entries(o).flatMap(([k, v]) => (v && typeof v === 'object' && !Array.isArray(v) ? keys(v).map((x) => `${k}.${x}`) : [`${k}:${typeof v}`])).sort();
  assert.deepEqual(keys(texts.nl), keys(texts.en));
});
