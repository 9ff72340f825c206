// Views when there is nothing yet, when something cannot be read, when she may not, when all is
// full, and when it is over.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { close, DESKTOP, look, NOT_SIGNED_IN, newPage, PHONE } from '../support/browser.mjs';
import { COURSES } from '../support/gateway.mjs';
import { Registrar } from '../support/registrar.mjs';
import { browser, gateway, gatewayInstead, gatewayOfEach, visitor } from '../support/stage.mjs';
import { intoLine, Student, until } from '../support/student.mjs';

/** Students of the tests' own sign in as the demonstration's do. */
const REAL_DATA = { SLUIS__SIGN_IN__DEMO_WITH_REAL_DATA: 'true' };

gatewayOfEach(REAL_DATA);

const ROOMY = `term = "2026-2"
[[courses]]
code = "SS-0001"
name = { nl = "Ruim college", en = "Roomy lecture" }
ects = 1
components = [{ kind = "lecture", sections = [{ key = "H1", capacity = 900, meetings = [
  { day = "fri", start = "19:00", end = "20:00", weeks = "6-20", place = "A1" }] }] }]
`;

/** Registration without a line: whoever asks is answered. */
async function openWide() {
  await gateway.pace(10_000);
  await gateway.open();
  await until(async () => (await gateway.window()).waiting === 0, 'the line is over', 60_000);
}

test('nothing yet: each view says what will be here', () =>
  visitor('empty', { lang: 'en' }, async (one) => {
    const { page } = one;
    // New this year: of earlier years there is nothing either.
    const id = 's1999999';
    await gateway.registrar('students', [{ id, programme: 'RECHT', year: 1 }]);
    await page.context().clearCookies();
    await page.goto('/');
    await one.enter(id);
    await one.words('plan.empty').waitFor();
    await look(page, 'states-1-empty-plan');
    for (const view of ['outcomes', 'timetable', 'results', 'messages']) {
      await one.go(view);
      await one.words(`${view}.empty`).waitFor();
      await look(page, `states-1-empty-${view}`);
    }
  }));

test('what cannot be read says so, keeps what there was, and can be tried again', () =>
  visitor('failed', { size: DESKTOP, allowed: /status of 500|Failed to load/ }, async (one) => {
    const { page, t } = one;
    await gateway.registrar('catalogue', ROOMY);
    await openWide();
    await one.plan(['SS-0001']);
    await page.getByRole('button', { name: t('plan.submitNow', { n: 1 }) }).click();
    await one.go('outcomes');
    assert.equal(await one.decided('SS-0001'), 'enrolled');
    const fail = (path) => page.route(path, (route) => route.fulfill({ status: 500, body: '{}' }));
    await fail('**/api/devices');
    await fail('**/api/timetable');
    await one.go('account');
    await one.words('fetch.failed').waitFor();
    await look(page, 'states-2-failed-account');
    await page.unroute('**/api/devices');
    await one.button('app.again').first().click();
    await page.locator('.device').first().waitFor();
    assert.equal(await one.words('fetch.failed').count(), 0);
    await one.go('timetable');
    await one.words('fetch.failed').waitFor();
    await look(page, 'states-2-failed-timetable');
    await page.unroute('**/api/timetable');
    await one.button('app.again').first().click();
    await page.locator('.block').first().waitFor();
    assert.equal(await one.words('fetch.failed').count(), 0);
  }));

test('a student with a block reads it once, above her plan and her registration', () =>
  visitor('blocked', { student: 's1000078' }, async (one) => {
    const { page, t } = one;
    const { courses } = await one.api('/api/catalogue?per_page=2');
    await one.plan(courses.map((c) => c.key));
    const notice = page.getByText(t('plan.blocked', { about: 'TUITION' }));
    await notice.waitFor();
    assert.equal(await notice.count(), 1);
    await look(page, 'states-3-blocked-plan');
    await one.go('opening');
    await notice.waitFor();
    await look(page, 'states-3-blocked-opening');
  }));

test('all full: the plan, the outcome and what is left of it say so', () =>
  visitor('full', { size: PHONE }, async (one) => {
    const { page, t } = one;
    const code = 'RW-1240';
    const { components } = await one.api(`/api/catalogue/${code}`);
    await openWide();
    for (const s of components.flatMap((c) => c.sections)) {
      await gateway.registrar('sections/capacity', { section: s.key, capacity: 0 });
    }
    await one.plan([code]);
    const item = one.planItem(code);
    await item.getByText(t('seats.full')).first().waitFor();
    await item.getByText(t('solve.full')).waitFor();
    await item.getByRole('checkbox').uncheck();
    await one.saved();
    await look(page, 'states-4-full-plan');
    await page.getByRole('button', { name: t('plan.submitNow', { n: 1 }) }).click();
    await one.go('outcomes');
    assert.equal(await one.decided(code), 'refused');
    const card = one.outcome(code);
    await card
      .locator('.alternatives')
      .or(card.getByText(t('alternatives.none')))
      .first()
      .waitFor();
    await look(page, 'states-4-full-outcome');
  }));

test('over: every view says what can still be done', () =>
  visitor('closed', { lang: 'en' }, async (one) => {
    const { page, t } = one;
    await one.plan(['RW-1210', 'RW-1220']);
    await gateway.pace(10_000);
    await gateway.open();
    await page.getByRole('button', { name: t('plan.submitNow', { n: 2 }) }).click();
    await one.go('outcomes');
    for (const code of ['RW-1210', 'RW-1220']) await one.decided(code);
    await gateway.registrar(`windows/${COURSES}/close`);
    await one.words('outcomes.closed').waitFor();
    const swap = page.getByRole('button', { name: t('card.swap'), exact: true });
    await until(async () => (await swap.count()) === 0, 'nothing to swap with');
    await look(page, 'states-5-closed-outcomes');
    await one.go('opening');
    await one.words('opening.closed').waitFor();
    await look(page, 'states-5-closed-opening');
    await one.go('plan');
    await page.getByText(one.pattern('plan.closedNow')).waitFor();
    await look(page, 'states-5-closed-plan');
  }));

test('before any window is announced: who looks for one is told so', async () => {
  const own = {
    catalogue: `[[terms]]
key = "2026-2"
name = "Semester 2"
first_monday = 2027-02-08
${ROOMY.replace(/^term.*/, '').replace('ects', 'term = "2026-2"\nects')}
[[programmes]]
key = "LAW"
name = "Law"
years = [{ year = 1, required = ["SS-0001"] }]
`,
    students: '[{ "id": "s1", "programme": "LAW", "year": 1 }]',
  };
  await gatewayInstead(REAL_DATA, own);
  const one = await Student.signIn(browser, gateway, { size: PHONE, student: 's1' });
  await one.go('opening');
  await one.words('opening.none').waitFor();
  await look(one.page, 'states-6-no-window');
  await close(one.page);
  const registrar = await Registrar.signIn(browser, gateway, { size: DESKTOP, lang: 'en' });
  for (const place of ['board', 'before']) {
    await registrar.go(place);
    await registrar.page.getByText(registrar.t('board.noWindows')).waitFor();
    await look(registrar.page, `states-6-no-window-${place}`);
  }
  await close(registrar.page);
});

test('pages beside the application: the statement on accessibility, the plain page at the door', async () => {
  const page = await newPage(browser, gateway.address, { size: PHONE });
  await page.goto('/accessibility.html');
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await look(page, 'states-6-statement');
  for (const lang of ['nl', 'en']) {
    await page.goto(`/plain?lang=${lang}&refresh=off`);
    const words = { nl: 'Je bent niet aangemeld', en: 'You are not signed in' };
    await page.getByRole('heading', { name: words[lang] }).waitFor();
    await look(page, `states-6-plain-door-${lang}`);
  }
  await close(page, NOT_SIGNED_IN);
});

test('the plain page in line and after it: her place, then each outcome as the gateway has it', () =>
  visitor('plain', { lang: 'en' }, async (one) => {
    const { page } = one;
    await gateway.registrar('catalogue', ROOMY);
    await one.plan(['SS-0001', 'RW-1210']);
    await one.go('opening');
    const first = await intoLine(gateway, one, 120);
    await page.goto('/plain?lang=en&refresh=off');
    const line = page.getByText(/^Your place in line: [\d,]+ of [\d,]+$/);
    await line.waitFor();
    const place = Number(/[\d,]+/.exec(await line.textContent())[0].replace(',', ''));
    assert.ok(place <= first && place > 0, `${first} became ${place}`);
    await page.getByText(/^Expected wait: .+/).waitFor();
    await look(page, 'states-7-plain-line');
    await gateway.pace(10_000);
    await until(async () => (await gateway.window()).waiting === 0, 'the line is over', 60_000);
    await page.goto('/plain?lang=en&refresh=off');
    await page.getByText('You are not in line.').waitFor();
    await page.getByText('Enrolled: SS-0001/H1').waitFor();
    await look(page, 'states-7-plain-outcomes');
  }));
