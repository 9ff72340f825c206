// Browser notifications: when she is asked, when one appears, and when none does.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { close, newPage, PHONE, pictured } from '../support/browser.mjs';
import { browser, gateway, gatewayOfEach, QUICK } from '../support/stage.mjs';
import { Student, until } from '../support/student.mjs';

const PLAN = ['RW-1210', 'RW-1220'];
const ROOMY = `term = "2026-2"
[[courses]]
code = "NN-0001"
name = { nl = "Ruim college", en = "Roomy lecture" }
ects = 1
components = [{ kind = "lecture", sections = [{ key = "H1", capacity = 900, meetings = [
  { day = "sun", start = "19:00", end = "20:00", weeks = "6", place = "A1" }] }] }]
`;
gatewayOfEach(QUICK);

/** Notes each question and each real notification; `away` stands for another tab in front, which a
 * browser without windows does not have. */
function record() {
  globalThis.asked = 0;
  globalThis.shown = [];
  globalThis.away = false;
  const Real = globalThis.Notification;
  const ask = Real.requestPermission.bind(Real);
  const note = (way, title, options) => globalThis.shown.push({ way, title, ...options });
  globalThis.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      note('page', title, options);
    }
    static requestPermission(...given) {
      globalThis.asked += 1;
      return ask(...given);
    }
  };
  const proto = ServiceWorkerRegistration.prototype;
  const show = proto.showNotification;
  proto.showNotification = function (title, options) {
    note('worker', title, options);
    return show.call(this, title, options);
  };
  Object.defineProperty(Document.prototype, 'hidden', { get: () => globalThis.away });
}

async function student(options) {
  const page = await newPage(browser, gateway.address, { size: PHONE, ...options });
  await page.addInitScript(record);
  const one = new Student(page);
  await page.goto('/');
  await one.enter('s1000001');
  return one;
}

const asked = (page) => page.evaluate(() => globalThis.asked);
const shown = (page) => page.evaluate(() => globalThis.shown);
const permission = (page) => page.evaluate(() => Notification.permission);

/** Armed, decided while she looks elsewhere. */
async function decidedAway(one) {
  const { page } = one;
  await one.go('opening');
  await gateway.schedule(600);
  await one.arm();
  await page.evaluate(() => {
    globalThis.away = true;
  });
  await gateway.pace(1000);
  await gateway.open();
  await until(async () => (await shown(page)).length > 0, 'a notification', 30_000);
  await one.go('outcomes');
  for (const code of PLAN) await one.decided(code);
}

test('she is asked when her plan is armed, by a tap of hers, and never before', async () => {
  const one = await student();
  const { page } = one;
  await pictured(page, 'notify-ask', async () => {
    await one.plan(PLAN);
    for (const view of ['opening', 'outcomes', 'timetable', 'results', 'messages', 'account']) {
      await one.go(view);
    }
    await page.reload();
    await one.go('opening');
    await gateway.schedule(600);
    const question = page.getByText(one.t('notify.ask'));
    assert.equal(await question.count(), 0, 'no question before she is armed');
    await one.arm();
    await question.waitFor();
    assert.equal(await asked(page), 0, 'the page asks her, not yet the browser');
    await one.button('notify.no').click();
    await question.waitFor({ state: 'detached' });
    await page.reload();
    await one.words('opening.armed').waitFor();
    assert.equal(await question.count(), 0, 'no is remembered');
    await page.evaluate(() => localStorage.removeItem('sluis.notify.no'));
    await page.reload();
    await question.waitFor();
    await one.button('notify.yes').click();
    await until(async () => (await asked(page)) === 1, 'the browser is asked once');
  });
  await close(page);
});

/** Some browsers show them through a worker alone, others have none. */
for (const [way, serviceWorkers] of [
  ['worker', 'allow'],
  ['page', 'block'],
]) {
  test(`outcomes appear as one notification while she looks elsewhere: by the ${way}`, async () => {
    const one = await student({ context: { permissions: ['notifications'], serviceWorkers } });
    const { page } = one;
    await pictured(page, `notify-${way}`, async () => {
      assert.equal(await permission(page), 'granted');
      await one.plan(PLAN);
      await one.go('account');
      const box = page.getByRole('checkbox', { name: one.t('notify.on') });
      assert.equal(await box.isChecked(), false, 'leave of the browser is no wish of hers');
      await box.check();
      await page.getByRole('checkbox', { name: one.t('topic.windows') }).uncheck();
      assert.equal(await asked(page), 0, 'what is allowed is not asked again');
      if (way === 'worker') await page.evaluate(() => navigator.serviceWorker.ready.then(() => 1));
      await decidedAway(one);
      const all = await shown(page);
      assert.equal(all.length, 1, JSON.stringify(all));
      const [note] = all;
      assert.equal(note.way, way);
      assert.equal(note.title, one.t('app.name'));
      for (const code of PLAN) {
        const { name } = await one.api(`/api/catalogue/${code}`);
        assert.match(note.body, new RegExp(`^${name.nl}: `, 'm'));
      }
      if (way === 'worker') await standsThere(page, note);
    });
    await close(page, /ServiceWorker|service worker/i);
  });
}

/** The browser itself has it, with the way to what it is about. */
async function standsThere(page, note) {
  const standing = () =>
    page.evaluate(async () => {
      const worker = await navigator.serviceWorker.getRegistration();
      const list = await worker.getNotifications();
      return list.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
    });
  const real = await until(async () => {
    const list = await standing();
    return list.length > 0 && list;
  }, 'the browser to have it');
  assert.deepEqual(
    real.map((n) => [n.title, n.body, n.data]),
    [[note.title, note.body, '/outcomes']],
  );
}

test('nothing appears while she looks at the page, nor when she did not wish it', async () => {
  const one = await student({ context: { permissions: ['notifications'] } });
  const { page } = one;
  await pictured(page, 'notify-none', async () => {
    // Whatever the draw, there is a seat in this one.
    await gateway.registrar('catalogue', ROOMY);
    await one.plan([...PLAN, 'NN-0001']);
    await one.go('opening');
    await gateway.schedule(600);
    await one.arm();
    await page.evaluate(() => {
      globalThis.away = true; // but she never turned them on
    });
    await gateway.pace(1000);
    await gateway.open();
    await one.go('outcomes');
    for (const code of PLAN) await one.decided(code);
    assert.deepEqual(await shown(page), []);
    await page.evaluate(() => {
      globalThis.away = false;
    });
    await one.go('account');
    await page.getByRole('checkbox', { name: one.t('notify.on') }).check();
    await one.go('outcomes');
    assert.equal(await one.decided('NN-0001'), 'enrolled');
    const card = one.outcome('NN-0001');
    const drop = one.t('card.drop');
    await card.getByRole('button', { name: drop, exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: drop, exact: true }).click();
    await card.getByText(one.t('outcome.dropped')).first().waitFor();
    assert.deepEqual(await shown(page), [], 'she sees it herself');
    assert.equal(await asked(page), 0);
  });
  await close(page);
});
