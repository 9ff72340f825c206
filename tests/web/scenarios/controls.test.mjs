// What can be pressed and no other scenario presses, and what then has the focus.
import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { close, DESKTOP, look, NOT_SIGNED_IN, PHONE } from '../support/browser.mjs';
import { COURSES } from '../support/gateway.mjs';
import { browser, scenario } from '../support/stage.mjs';
import { intoLine, Student, until } from '../support/student.mjs';

const PLAN = ['RW-1210', 'RW-1220', 'RW-1230'];

const nameOf = async (one, code) => (await one.api(`/api/catalogue/${code}`)).name[one.lang];
const focused = (page) => page.evaluate(() => document.activeElement.id);
const focusOn = (page, id) => until(async () => (await focused(page)) === id, `the focus on ${id}`);

/** The question that stands open, answered with yes. */
async function confirm(one, key, params) {
  const dialog = one.page.getByRole('dialog');
  await dialog.getByRole('button', { name: one.t(key, params), exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

/** Registration without a line: whoever asks is answered. */
async function openWide(gateway) {
  await gateway.pace(10_000);
  await gateway.open();
  await until(async () => (await gateway.window()).waiting === 0, 'the line is over', 60_000);
}

test('the plan is ranked by buttons and by mouse, and what was taken out comes back', () =>
  scenario('by-hand', { size: DESKTOP }, async (one) => {
    const { page } = one;
    await one.plan(PLAN);
    const ranked = async (...codes) => {
      await until(async () => `${await one.ranked()}` === `${codes}`, `${codes} in this order`);
      await one.saved();
    };
    const second = await nameOf(one, PLAN[1]);
    await one.button('plan.up', { what: second }).click();
    await ranked(PLAN[1], PLAN[0], PLAN[2]);
    await focusOn(page, `up-${PLAN[1]}`);
    // It is the first now: nothing happens.
    await one.button('plan.up', { what: second }).click({ force: true });
    await one.button('plan.down', { what: second }).click();
    await ranked(...PLAN);
    await focusOn(page, `down-${PLAN[1]}`);
    await drag(page, PLAN[1], PLAN[0]);
    await ranked(PLAN[1], PLAN[0], PLAN[2]);
    await look(page, 'controls-1-ranked');
    await one.button('plan.remove', { course: second }).click();
    await ranked(PLAN[0], PLAN[2]);
    await focusOn(page, 'plan-undo');
    await page.keyboard.press('Enter');
    await ranked(PLAN[1], PLAN[0], PLAN[2]);
    await focusOn(page, `grip-${PLAN[1]}`);
    await one.plan([]);
    const undo = one.button('plan.undo');
    await undo.waitFor();
    await page.setViewportSize(PHONE);
    await look(page, 'controls-1-undo-of-the-last');
    await undo.click();
    await one.planItem(PLAN[2]).waitFor();
    await one.plan([]);
    await page.setViewportSize(DESKTOP);
    await one.button('app.signOut').click();
    await one.heading('signIn.lead').waitFor();
    await focusOn(page, 'main');
    await one.enter('s1000020');
    await focusOn(page, 'main');
    assert.equal(await undo.count(), 0, 'what another took out is no business of hers');
  }));

/** By the handle, onto the place of another. */
async function drag(page, code, onto) {
  await page.locator(`#grip-${onto}`).scrollIntoViewIfNeeded();
  const box = (id) => page.locator(`#grip-${id}`).boundingBox();
  const [from, to] = [await box(code), await box(onto)];
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 8 });
  await page.locator(`.plan-list .above[data-course="${onto}"]`).waitFor();
  await page.mouse.up();
}

test('words with spaces are typed as they are, and groups ranked by buttons', () =>
  scenario('typed', { lang: 'nl' }, async (one) => {
    const { page } = one;
    await one.plan([PLAN[0]]);
    const words = await nameOf(one, PLAN[1]);
    assert.match(words, / /);
    const field = page.getByRole('searchbox');
    await field.clear();
    await field.pressSequentially(`${words} `);
    assert.equal(await field.inputValue(), `${words} `);
    const { total } = await one.api(`/api/catalogue?q=${encodeURIComponent(words)}`);
    const found = page.locator('.search p[role=status]');
    await found.getByText(one.t('plan.found', { n: total })).waitFor();
    assert.ok(total < 5, 'both words are looked for');
    await page.locator(`.search [data-course="${PLAN[1]}"]`).waitFor();
    const item = one.planItem(PLAN[0]);
    await item.locator('button[aria-expanded]').first().click();
    const options = item.locator('.component').last().locator('.pick .option');
    await options.nth(0).click();
    await options.nth(1).click();
    await one.saved();
    const choices = async () => (await one.api('/api/plan')).courses[0].choices.at(-1);
    const [first, next] = await choices();
    const short = next.slice(next.lastIndexOf('/') + 1);
    await item.getByRole('button', { name: one.t('plan.up', { what: short }) }).click();
    await until(async () => `${await choices()}` === `${[next, first]}`, 'the second is the first');
    await look(page, 'controls-2-groups');
  }));

test('in line: a pause is told, the draw can be checked, and the line can be left', () =>
  scenario('line', { lang: 'en' }, async (one, gateway) => {
    const { page, t } = one;
    await one.plan(PLAN);
    await one.go('opening');
    await intoLine(gateway, one, 20);
    await gateway.registrar(`windows/${COURSES}/pause`);
    await one.words('opening.paused').waitFor();
    await page.getByText(t('opening.state.paused'), { exact: true }).waitFor();
    await page.locator('.forecast').first().waitFor();
    await look(page, 'controls-3-paused');
    await page.setViewportSize(DESKTOP);
    await look(page, 'controls-3-paused-desktop');
    await page.setViewportSize(PHONE);
    const place = await one.place();
    await page.waitForTimeout(1500);
    assert.equal(await one.place(), place, 'nobody is served');
    await page.getByText(t('order.proof'), { exact: true }).click();
    await one.button('order.check').click();
    await page.getByText(one.pattern('order.checked')).waitFor();
    await page.getByLabel(t('order.ticket')).fill('599999');
    await one.button('order.check').click();
    await page.getByText(one.pattern('order.notDrawn')).waitFor();
    await look(page, 'controls-3-draw');
    await one.button('line.leave').click();
    await one.words('line.leaveWhat').waitFor();
    await confirm(one, 'line.leave');
    await one.inLine().waitFor({ state: 'detached' });
    assert.equal(await one.place(), null);
    assert.notEqual(await page.evaluate(() => document.activeElement.localName), 'body');
    await one.button('plan.submitNow', { n: PLAN.length }).waitFor();
    await gateway.registrar(`windows/${COURSES}/resume`);
    await one.words('opening.paused').waitFor({ state: 'detached' });
  }));

for (const lang of ['nl', 'en']) {
  test(`a window that closes on her in line says that her plan was not submitted: ${lang}`, () =>
    scenario(`ended-${lang}`, { lang }, async (one, gateway) => {
      const { page } = one;
      await one.plan(PLAN);
      await one.go('opening');
      await intoLine(gateway, one, 60);
      await gateway.registrar(`windows/${COURSES}/close`);
      const { name } = await gateway.window();
      const words = one.t('message.ticket_ended', { window: name[lang] });
      const told = page.locator('main').getByText(words);
      await told.waitFor();
      assert.equal(await one.inLine().count(), 0, 'she is in line no longer');
      assert.equal(await one.place(), null);
      const inTitle = async () => (await page.title()).includes(one.t('line.title'));
      await until(async () => !(await inTitle()), 'no place in the title');
      await look(page, `controls-4-ended-opening-${lang}`);
      for (const view of ['plan', 'outcomes']) {
        await one.go(view);
        await told.waitFor();
        await look(page, `controls-4-ended-${view}-${lang}`);
      }
      await page.reload();
      await told.waitFor();
    }));
}

test('a place on a waitlist is given up for good, which is said first', () =>
  scenario('waitlist', {}, async (one, gateway) => {
    const { page, t } = one;
    const code = PLAN[0];
    await openWide(gateway);
    const { components } = await one.api(`/api/catalogue/${code}`);
    for (const s of components.flatMap((c) => c.sections)) {
      await gateway.registrar('sections/capacity', { section: s.key, capacity: 0 });
    }
    await one.plan([code]);
    await one.button('plan.submitNow', { n: 1 }).click();
    await one.go('outcomes');
    assert.equal(await one.decided(code), 'waitlisted');
    const card = one.outcome(code);
    await card.getByRole('button', { name: t('card.leave'), exact: true }).click();
    await page.getByText(t('card.leaveWhat')).waitFor();
    await look(page, 'controls-5-leave-waitlist');
    await confirm(one, 'card.leave');
    await card.getByText(t('outcome.left_waitlist'), { exact: true }).waitFor();
    await focusOn(page, `course-${code}`);
    await one.go('messages');
    await page
      .getByRole('link', { name: t('see.outcomes') })
      .first()
      .click();
    await one.heading('outcomes.title').waitFor();
    await focusOn(page, `course-${code}`);
  }));

test('messages beyond the first page are read when asked for, each once', () =>
  scenario('older', {}, async (one, gateway) => {
    const { page } = one;
    await openWide(gateway);
    for (let i = 0; i < 26; i++) {
      await gateway.registrar(`windows/${COURSES}/pause`);
      await gateway.registrar(`windows/${COURSES}/resume`);
    }
    await page.reload();
    await one.known();
    await one.go('messages');
    const all = page.locator('.message');
    await all.first().waitFor();
    const before = await all.count();
    const older = one.button('messages.older');
    await older.dblclick();
    await older.waitFor({ state: 'detached' });
    const texts = await all.evaluateAll((list) => list.length);
    assert.ok(texts >= 53 && texts > before, `${before} became ${texts}`);
    const { total } = await everyMessage(one);
    assert.equal(texts, total);
    await one.button('messages.markRead').click();
    await page.locator('.message.unread').first().waitFor({ state: 'detached' });
  }));

async function everyMessage(one) {
  const ids = new Set();
  for (let next; next !== null; ) {
    const found = await one.api(`/api/messages${next ? `?before=${next}` : ''}`);
    for (const m of found.messages) ids.add(m.id);
    next = found.next;
  }
  return { total: ids.size };
}

test('messages that cannot be read say so, and come when they can', () =>
  scenario('unread', { allowed: /status of 500|Failed to load/ }, async (one) => {
    const { page } = one;
    await page.route('**/api/messages', (route) => route.fulfill({ status: 500, body: '{}' }));
    await page.reload();
    await one.known();
    await one.go('messages');
    await one.words('lost.nothing').waitFor();
    await look(page, 'controls-6-messages-unread');
    await page.unroute('**/api/messages');
    await one.button('app.again').click();
    await one.words('lost.nothing').waitFor({ state: 'detached' });
  }));

test('a calendar address is made, renewed and revoked', () =>
  scenario('calendar', {}, async (one, gateway) => {
    const { page } = one;
    await openWide(gateway);
    await one.plan([PLAN[0]]);
    await one.button('plan.submitNow', { n: 1 }).click();
    await one.go('timetable');
    await page.locator('.block').first().waitFor();
    const address = page.getByLabel(one.t('calendar.address'), { exact: true });
    const feed = async (url) => fetch(url).then(async (a) => [a.status, await a.text()]);
    await one.button('calendar.make').click();
    const first = await address.inputValue();
    const [status, text] = await feed(first);
    assert.equal(status, 200);
    assert.match(text, /^BEGIN:VCALENDAR[\s\S]*BEGIN:VEVENT/);
    await look(page, 'controls-7-calendar');
    await one.button('calendar.renew').click();
    await confirm(one, 'calendar.renew');
    await until(async () => (await address.inputValue()) !== first, 'another address');
    const second = await address.inputValue();
    assert.deepEqual([(await feed(first))[0], (await feed(second))[0]], [404, 200]);
    await one.button('calendar.revoke').click();
    await confirm(one, 'calendar.revoke');
    await one.button('calendar.make').waitFor();
    assert.equal((await feed(second))[0], 404);
  }));

test('her data come as a file, and signing out everywhere ends each of her devices', () =>
  scenario('account', { allowed: NOT_SIGNED_IN }, async (one, gateway) => {
    const { page } = one;
    await one.plan([PLAN[0]]);
    const other = await Student.signIn(browser, gateway, { size: DESKTOP, lang: 'en' });
    await one.go('account');
    const waiting = page.waitForEvent('download');
    await page.getByRole('link', { name: one.t('account.dataGet') }).click();
    const file = await (await waiting).path();
    const data = JSON.parse(await readFile(file, 'utf8'));
    assert.ok(JSON.stringify(data).includes(PLAN[0]), 'her plan is in it');
    await page.reload();
    await until(async () => (await page.locator('.device').count()) >= 2, 'both devices');
    await one.button('devices.everywhere').click();
    await one.words('devices.everywhereWhat').waitFor();
    await look(page, 'controls-8-everywhere');
    await confirm(one, 'devices.everywhere');
    await one.heading('signIn.lead').waitFor();
    await other.heading('signIn.lead').waitFor();
    await close(other.page, NOT_SIGNED_IN);
  }));

test('a tab follows whoever signs in in another tab of the same browser', () =>
  scenario('follow', { allowed: NOT_SIGNED_IN }, async (one) => {
    const { page } = one;
    await one.go('account');
    await page.getByText('s1000001').waitFor();
    const tab = new Student(await page.context().newPage());
    await tab.page.goto('/account');
    await tab.button('app.signOut').click();
    await tab.heading('signIn.lead').waitFor();
    await one.heading('signIn.lead').waitFor();
    await tab.page.getByLabel(tab.t('signIn.number')).fill('s1000030');
    await tab.button('signIn.go').click();
    await page.getByText('s1000030').waitFor();
    assert.equal(await page.getByText('s1000001').count(), 0);
  }));

test('one tab too many takes the place of the oldest, which says so and can take it back', () =>
  scenario('tabs', { env: { SLUIS__LIMITS__STUDENT_SESSIONS_MAX: '1' } }, async (one) => {
    const { page } = one;
    const tab = new Student(await page.context().newPage());
    await tab.page.goto('/');
    await tab.known();
    await one.words('lost.elsewhere').waitFor();
    await look(page, 'controls-9-elsewhere');
    await one.button('lost.here').click();
    await one.words('lost.elsewhere').waitFor({ state: 'detached' });
    await tab.words('lost.elsewhere').waitFor();
  }));

test('a view that cannot be loaded says so, and can be loaded anew', () =>
  scenario('view-failed', { lang: 'en', allowed: /Failed to load|ERR_FAILED/ }, async (one) => {
    const { page } = one;
    await page.route(/assets\/Results-/, (route) => route.abort());
    await page.reload(); // what was read ahead is forgotten
    await one.known();
    await page
      .locator('.header')
      .getByRole('link', { name: one.t('nav.results') })
      .click();
    await one.words('app.viewFailed').waitFor();
    await look(page, 'controls-10-view-failed');
    await page.unroute(/assets\/Results-/);
    await one.button('lost.reload').click();
    await one.heading('results.title').waitFor();
  }));
