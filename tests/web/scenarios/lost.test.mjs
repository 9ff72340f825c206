// When something breaks: a reload, no network, a server that dies in the middle of the line.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { accessible, look, NO_NETWORK } from '../support/browser.mjs';
import { COURSES } from '../support/gateway.mjs';
import { gateway, gatewayOfEach, QUICK, visitor } from '../support/stage.mjs';
import { intoLine, Student, until } from '../support/student.mjs';

const PLAN = ['RW-1210', 'RW-1220'];
gatewayOfEach(QUICK);

/** What the page says aloud, each text once in the order said. */
async function listen(page) {
  await page.evaluate(() => {
    globalThis.said = [];
    const region = document.querySelector('[role=status][aria-live=polite].hidden');
    new MutationObserver(() => {
      if (region.textContent) globalThis.said.push(region.textContent);
    }).observe(region, { childList: true, characterData: true, subtree: true });
  });
}

test('a reload changes nothing: plan, armed, place, outcomes', () =>
  visitor('reload', {}, async (student) => {
    const { page } = student;
    await student.plan(PLAN);
    await page.reload();
    await student.planItem(PLAN[1]).waitFor();
    assert.deepEqual(await student.ranked(), PLAN);
    await student.go('opening');
    await gateway.schedule(600);
    await student.arm();
    await page.reload();
    await student.words('opening.armed').waitFor();
    await intoLine(gateway, student);
    await gateway.registrar(`windows/${COURSES}/pause`);
    await student.words('opening.paused').waitFor();
    const place = await student.place();
    await page.reload();
    await student.inLine().waitFor();
    const after = await until(() => student.place(), 'the place after the reload');
    // Whoever was on her way to be served when it was paused is told of a moment later.
    assert.ok(after <= place && after >= place - 1, `${place} became ${after}`);
    await gateway.pace(1000);
    await gateway.registrar(`windows/${COURSES}/resume`);
    await student.go('outcomes');
    const told = await student.decided(PLAN[0]);
    await page.reload();
    assert.equal(await student.decided(PLAN[0]), told);
  }));

test('an edit without network is kept, said to be kept, and sent when the network is back', () =>
  visitor('offline', { allowed: NO_NETWORK }, async (student) => {
    const { page } = student;
    await student.plan([...PLAN, 'RW-1230']);
    await page.context().setOffline(true);
    await page.getByText(student.t('lost.title')).first().waitFor();
    await student.planItem('RW-1230').getByRole('button').last().click();
    await student.words('plan.offline').waitFor();
    await look(page, 'lost-1-offline');
    const before = await (await fetchPlan(student)).json();
    assert.equal(before.courses.length, 3, 'nothing has arrived yet');
    await page.context().setOffline(false);
    await student.saved();
    assert.deepEqual(
      (await student.api('/api/plan')).courses.map((c) => c.course),
      PLAN,
    );
    await page.getByText(student.t('lost.title')).first().waitFor({ state: 'detached' });
  }));

/** Past the page, which is offline. */
async function fetchPlan(student) {
  const [cookie] = await student.page.context().cookies();
  const headers = { cookie: `${cookie.name}=${cookie.value}` };
  return fetch(`${gateway.address}/api/plan`, { headers });
}

test('a server that dies in the middle of the line: it goes on by itself, nothing lost or twice', () =>
  visitor('killed', { lang: 'en', allowed: NO_NETWORK }, async (student) => {
    const { page } = student;
    await student.plan(PLAN);
    await student.go('opening');
    const first = await intoLine(gateway, student, 120);
    await listen(page);
    await gateway.pace(20);
    const at = () => student.place();
    await until(async () => ((await at()) ?? first) < first - 5, 'the line moves');
    // So slow that her turn does not come while she finds her way back.
    await gateway.pace(1);
    await gateway.kill();
    await page.getByText(student.t('lost.title')).first().waitFor();
    await look(page, 'lost-2-reconnecting');
    const last = await at();
    assert.ok(last, 'the last place that was told is still shown');
    await gateway.again();
    await page.getByText(student.t('lost.title')).first().waitFor({ state: 'detached' });
    const place = await until(at, 'the place after the restart');
    assert.ok(place <= last, `${last} became ${place}`);
    await gateway.pace(1000);
    await student.go('outcomes');
    for (const code of PLAN) await student.decided(code);
    await page.waitForTimeout(1500);
    await onceEach(student);
    assert.equal(await page.evaluate(() => performance.getEntriesByType('navigation').length), 1);
  }));

/** Each course was said once and has one message. */
async function onceEach(student) {
  const said = await student.page.evaluate(() => globalThis.said);
  assert.ok(said, 'the page was not loaded anew');
  const { messages } = await student.api('/api/messages');
  for (const code of PLAN) {
    const { name } = await student.api(`/api/catalogue/${code}`);
    const told = said.filter((text) => text.includes(`${name.en}: `));
    assert.equal(told.length, 1, `${name.en} was said ${told.length} times: ${said.join(' | ')}`);
    const kinds = ['enrolled', 'waitlisted', 'refused'];
    const own = messages.filter((m) => m.course === code && kinds.includes(m.kind));
    assert.equal(own.length, 1, code);
  }
}

test('two tabs see the same at once', () =>
  visitor('tabs', {}, async (student) => {
    const other = new Student(await student.page.context().newPage());
    await other.page.goto('/');
    await other.known();
    await student.plan(PLAN);
    await other.planItem(PLAN[1]).waitFor();
    assert.deepEqual(await other.ranked(), PLAN);
    await gateway.schedule(600);
    await student.go('opening');
    await student.arm();
    await other.go('opening');
    await other.words('opening.armed').waitFor();
    await other.button('opening.disarm').click();
    await student.page.getByRole('button', { name: student.t('plan.arm') }).waitFor();
    await accessible(other.page, 'two tabs');
  }));
