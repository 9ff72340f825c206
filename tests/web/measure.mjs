// Figures of the page for docs/PERFORMANCE.md, from a real gateway and a real browser:
//
//     cargo build --release && SLUIS_PROGRAM=target/release/sluis npm --prefix tests/web run measure
//
// Nothing here passes or fails: a busy machine must not break the tests. Quote the medians.
import { setTimeout as sleep } from 'node:timers/promises';
import { DESKTOP, launch, PHONE } from './support/browser.mjs';
import { COURSES, Gateway } from './support/gateway.mjs';
import { Student, until } from './support/student.mjs';

const OUTCOMES = 200;
const SECTIONS = 250;
const SECONDS = 10;
const ROUNDS = 5;
const KINDS = ['task', 'script', 'drawing'];

const percentile = (values, p) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))];
const line = (what, values, unit) => {
  const of = [0.5, 0.99, 1].map((p) => percentile(values, p).toFixed(2));
  console.log(
    `${what}: median ${of[0]}, p99 ${of[1]}, most ${of[2]} ${unit} (n = ${values.length})`,
  );
};

const browser = await launch();
const gateway = await Gateway.start({
  SLUIS__LINE__POSITION_PUSH_MS: '100',
  SLUIS__LINE__SEATS_PUSH_MS: '100',
  SLUIS__LIMITS__STUDENT_MESSAGES_PER_SECOND: '10000',
  SLUIS__LIMITS__STUDENT_MESSAGES_BURST: '10000',
});
await gateway.registrar('catalogue', catalogue());
await firstLoad();
// A place alone, then one with four courses whose seats and forecasts move with it.
await positions(['MM-0002']);
await gateway.reset(3600);
await until(async () => (await gateway.window()).waiting > 590, 'all are armed again', 60_000);
await positions(['RW-1210', 'RW-1220', 'RW-1230', 'WB-1230']);
await outcomes();
await seats();
await gateway.stop();
await browser.close();

/** One course of many sections, all on the screen at once; and one to take and drop. */
function catalogue() {
  const sections = Array.from({ length: SECTIONS }, (_, i) => `{ key = "S${i}", capacity = 900 }`);
  const course = (code, list) => `
[[courses]]
code = "${code}"
name = { nl = "${code}", en = "${code}" }
ects = 1
components = [{ kind = "tutorial", sections = [${list.join(', ')}] }]
`;
  return `term = "2026-2"\n${course('MM-0001', sections)}${course('MM-0002', sections.slice(0, 1))}`;
}

/** Bytes over the wire until the sign-in page stands, and until the study map does. */
async function firstLoad() {
  const page = await browser.newPage({ baseURL: gateway.address });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  let bytes = 0;
  let files = 0;
  const assets = new Set();
  devtools.on('Network.responseReceived', ({ requestId, response }) => {
    if (!new URL(response.url).pathname.startsWith('/api/')) assets.add(requestId);
  });
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!assets.has(requestId)) return;
    bytes += encodedDataLength;
    files += 1;
  });
  await page.goto('/', { waitUntil: 'networkidle' });
  console.log(`first load: ${bytes} bytes over the wire with headers, ${files} files`);
  await page.close();
}

/** Milliseconds of main thread that the browser counts while `what` goes on, by kind. */
async function mainThread(page, what) {
  const devtools = await page.context().newCDPSession(page);
  // The thread's own time: what others take of a shared processor is not the page's.
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map((m) => [m.name, m.value * 1000]));
  };
  const before = await read();
  await what();
  const after = await read();
  const of = (name) => after[name] - before[name];
  return {
    task: of('TaskDuration'),
    script: of('ScriptDuration'),
    drawing: of('LayoutDuration') + of('RecalcStyleDuration'),
  };
}

async function student(number, size) {
  return Student.signIn(browser, gateway, { student: number, size, lang: 'en' });
}

/** A place that falls ten times a second, on the screen. */
async function positions(courses) {
  const one = await student('s1000001', PHONE);
  const { page } = one;
  await one.plan(courses);
  await one.go('opening');
  // Whoever comes after the opening stands at the end: far enough back for all of this.
  await gateway.pace(1);
  await gateway.open();
  await one.page
    .getByRole('button', { name: one.t('plan.submitNow', { n: courses.length }) })
    .click();
  await one.inLine().waitFor();
  await page.locator('[data-place]').waitFor();
  await page.evaluate(() => {
    globalThis.changes = 0;
    new MutationObserver(() => {
      globalThis.changes += 1;
    }).observe(document.querySelector('[data-place]'), { characterData: true, subtree: true });
  });
  const wait = () => sleep((SECONDS / 2) * 1000);
  const rounds = [];
  let standing = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await gateway.pace(18); // two or so a push, and the line lasts for all rounds
    await sleep(300);
    const before = await page.evaluate(() => globalThis.changes);
    const moving = await mainThread(page, wait);
    const updates = (await page.evaluate(() => globalThis.changes)) - before;
    // The same page while nobody is served: its clock and its slow water go on.
    await gateway.pace(1);
    await sleep(300);
    const still = await mainThread(page, wait);
    standing += still.task / (SECONDS / 2) / ROUNDS;
    const each = (kind) => (moving[kind] - still[kind]) / updates;
    rounds.push({ updates, ...Object.fromEntries(KINDS.map((kind) => [kind, each(kind)])) });
  }
  const middle = (kind) =>
    percentile(
      rounds.map((r) => r[kind]),
      0.5,
    ).toFixed(2);
  const worked = percentile(
    rounds.map((r) => r.script + r.drawing),
    0.5,
  ).toFixed(2);
  console.log(
    `position, ${courses.length} in the plan: ${ROUNDS} rounds of ${rounds.map((r) => r.updates).join(', ')} updates in ` +
      `${SECONDS / 2} s; each costs, median of the rounds, ${worked} ms of script, style and ` +
      `layout (script ${middle('script')}, style and layout ${middle('drawing')}), with painting ` +
      `in software and all that is pushed besides ${middle('task')} ms, more than a line that ` +
      `stands still, which costs ${standing.toFixed(1)} ms a second`,
  );
  await gateway.pace(10_000);
  await until(async () => (await gateway.window()).waiting === 0, 'the line is over', 60_000);
  await page.context().close();
}

/** From the frame with the outcome arriving at the browser's socket to its words on the screen. */
async function outcomes() {
  const one = await student('s1000018', DESKTOP);
  const { page } = one;
  await page.close();
  const fresh = await page.context().newPage();
  await fresh.addInitScript(() => {
    globalThis.waits = [];
    const Plain = globalThis.WebSocket;
    globalThis.WebSocket = class extends Plain {
      constructor(url) {
        super(url);
        globalThis.socket = this;
        this.addEventListener('message', (e) => {
          if (!e.data.includes('"type":"outcomes"')) return;
          const at = Date.now();
          const told = JSON.parse(e.data).outcomes[0];
          const frame = () =>
            requestAnimationFrame(() => {
              const card = document.querySelector(
                `.outcome.${told.outcome}[data-course="MM-0002"]`,
              );
              if (!card) return frame();
              // After this frame has been painted.
              const channel = new MessageChannel();
              channel.port1.onmessage = () =>
                globalThis.waits.push([at - told.at, Date.now() - at, Date.now() - told.at]);
              channel.port2.postMessage(0);
            });
          frame();
        });
      }
    };
  });
  await fresh.goto('/outcomes');
  await fresh.getByRole('heading', { name: one.t('outcomes.title') }).waitFor();
  await fresh.waitForFunction(() => globalThis.socket?.readyState === 1);
  await sleep(500);
  for (let i = 0; i < OUTCOMES; i++) {
    await fresh.evaluate(
      ([i, window]) => {
        const id = `00000000-0000-7000-8000-${String(i).padStart(12, '0')}`;
        const courses = [{ course: 'MM-0002', choices: ['any'], waitlist: false }];
        const message =
          i % 2 ? { type: 'drop', id, course: 'MM-0002' } : { type: 'submit', id, window, courses };
        globalThis.socket.send(JSON.stringify(message));
      },
      [i, COURSES],
    );
    await fresh.waitForFunction((n) => globalThis.waits.length >= n, i + 1, { timeout: 10_000 });
  }
  const waits = await fresh.evaluate(() => globalThis.waits);
  line(
    'outcome, arrived → painted',
    waits.map((w) => w[1]),
    'ms',
  );
  line(
    'outcome, decided → painted (with the disk)',
    waits.map((w) => w[2]),
    'ms',
  );
  await fresh.context().close();
}

/** Every seat count of a long list on the screen changes ten times a second. */
async function seats() {
  const one = await student('s1000019', DESKTOP);
  const { page } = one;
  await one.plan(['MM-0001']);
  await one.planItem('MM-0001').locator('button[aria-expanded]').click();
  const all = page.getByRole('button', { name: one.t('plan.allGroups', { n: SECTIONS }) });
  if (await all.count()) await all.click();
  await page
    .locator('.pick')
    .nth(SECTIONS - 1)
    .waitFor();
  await sleep(1000);
  let asked = 0;
  await page.evaluate(() => {
    globalThis.texts = 0;
    const count = (records) => {
      globalThis.texts += records.length;
    };
    const observer = new MutationObserver(count);
    for (const seats of document.querySelectorAll('.pick .seats')) {
      observer.observe(seats, { characterData: true, subtree: true });
    }
  });
  const frames = await page.evaluateHandle(() => {
    const gaps = [];
    globalThis.long = [];
    new PerformanceObserver((list) => {
      globalThis.long.push(...list.getEntries().map((e) => e.duration));
    }).observe({ type: 'longtask' });
    let last = performance.now();
    const next = (now) => {
      gaps.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
    return gaps;
  });
  await frames.evaluate((gaps) => gaps.splice(0));
  const until = Date.now() + SECONDS * 1000;
  const change = async (round) => {
    for (let i = 0; i < SECTIONS; i += 1) {
      const section = `MM-0001/S${i}`;
      asked += 1;
      await gateway.registrar('sections/capacity', {
        section,
        capacity: 500 + ((round * 7 + i) % 300),
      });
    }
  };
  const used = await mainThread(page, async () => {
    for (let round = 0; Date.now() < until; round++) await change(round);
  });
  const gaps = await frames.evaluate((list) => list);
  line('seats, time between two frames', gaps, 'ms');
  const { long, texts } = await page.evaluate(() => ({
    long: globalThis.long,
    texts: globalThis.texts,
  }));
  console.log(
    `seats: ${asked} capacities set and ${texts} texts changed in ${SECONDS} s; ` +
      `${long.length} tasks over 50 ms; ` +
      `${gaps.filter((g) => g > 25).length} frames of ${gaps.length} late; ` +
      `${(used.task / texts).toFixed(2)} ms of main thread a text`,
  );
  await page.context().close();
}
