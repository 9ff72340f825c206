// The console's forms refuse what cannot be, in place; its views are for everybody; and it is
// honest when the gateway is gone.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { accessible, close, DESKTOP, look, NO_NETWORK, PHONE } from '../support/browser.mjs';
import { COURSES } from '../support/gateway.mjs';
import { literally, PLACES, Registrar } from '../support/registrar.mjs';
import { browser, gateway, gatewayOfFile } from '../support/stage.mjs';
import { until } from '../support/student.mjs';

/** What a browser says of an answer that refuses. */
const REFUSED = /status of (404|409|422)/;
const SECTION = 'RW-1210/H1';

gatewayOfFile();

const registrar = (options) => Registrar.signIn(browser, gateway, { lang: 'en', ...options });

/** As far as the journal has come: a refused form leaves it where it was. */
async function journal() {
  const cookie = await gateway.signIn({ role: 'registrar' });
  const answer = await fetch(`${gateway.address}/api/admin/audit?limit=1`, { headers: { cookie } });
  return (await answer.json()).entries[0]?.journal ?? 0;
}

/** Presses the button, and waits for these words beside the field. */
async function refused(one, go, field, fault, params) {
  await one.page
    .getByRole('button', { name: one.t(go), exact: true })
    .last()
    .click();
  const input = one.page.locator(field);
  const text = one.page.locator(`${field}-fault`);
  await text.getByText(one.t(fault, params)).waitFor();
  assert.equal(await input.getAttribute('aria-invalid'), 'true');
  assert.match((await input.getAttribute('aria-describedby')) ?? '', literally(field.slice(1)));
  await until(
    () => one.page.evaluate(() => document.activeElement?.getAttribute('aria-invalid') === 'true'),
    'the focus is on what is wrong',
  );
}

test('a window: an end before the start, a time that has passed, a pace that is none', async () => {
  const one = await registrar();
  const was = await journal();
  await one.ask(COURSES, 'schedule');
  await one.fill('window.opensAt', '2035-01-11T13:00:00');
  await one.fill('window.closesAt', '2035-01-11T12:00:00');
  await refused(one, 'window.scheduleGo', '#closes', 'fault.endBefore');
  await look(one.page, 'forms-1-end-before-start');
  await one.fill('window.opensAt', '2020-01-11T13:00:00');
  await refused(one, 'window.scheduleGo', '#opens', 'fault.past');
  assert.equal(await one.page.locator('#closes').inputValue(), '2035-01-11T12:00');
  await one.cancel();
  await one.ask(COURSES, 'pace');
  const free = one.dialog().getByRole('checkbox');
  if (await free.isChecked()) await free.uncheck();
  for (const [value, fault, params] of [
    ['', 'fault.number'],
    ['-3', 'fault.between', { least: 1, most: 1_000_000 }],
    ['2.5', 'fault.whole'],
  ]) {
    await one.fill('window.paceLabel', value);
    await refused(one, 'window.paceGo', '#pace', fault, params);
  }
  await one.cancel();
  assert.equal(await journal(), was, 'nothing was changed');
  await close(one.page);
});

test('a section: a negative capacity, none, the same, and a group that is not there', async () => {
  const one = await registrar({ size: PHONE });
  const was = await journal();
  const dialog = await one.section(SECTION);
  const now = await dialog.locator('#capacity').inputValue();
  for (const [value, fault, params] of [
    ['-1', 'fault.between', { least: 0, most: 1_000_000 }],
    ['1000001', 'fault.between', { least: 0, most: 1_000_000 }],
    ['many', 'fault.whole'],
    ['', 'fault.number'],
    [now, 'fault.same'],
  ]) {
    await one.fill('section.capacityLabel', value);
    await refused(one, 'section.capacityGo', '#capacity', fault, params);
  }
  await look(one.page, 'forms-2-capacity');
  await dialog.getByRole('button', { name: literally(one.t('section.do.cancelled')) }).click();
  await refused(one, 'section.do.cancelled', '#reason', 'fault.reason');
  await one.fill('form.reason', 'x'.repeat(301));
  await refused(one, 'section.do.cancelled', '#reason', 'fault.long', { n: 300 });
  await one.cancel();
  await one.page.goto('/registrar#NO-SUCH/T9');
  await one
    .dialog()
    .getByText(one.t('section.unknown', { section: 'NO-SUCH/T9' }))
    .waitFor();
  await look(one.page, 'forms-3-unknown-section');
  await one.cancel();
  assert.equal(await journal(), was, 'nothing was changed');
  await close(one.page);
});

test('a student: a number that is none or unknown, a course that is not there, no reason', async () => {
  const one = await registrar({ path: '/registrar/student' });
  const { page, t } = one;
  const was = await journal();
  await refused(one, 'file.look', '#student', 'fault.student');
  await one.fill('file.number', 'no number!');
  await refused(one, 'file.look', '#student', 'fault.code');
  await one.fill('file.number', 's9999999');
  await page.getByRole('button', { name: t('file.look'), exact: true }).click();
  await page.getByText(t('problem.unknown_student')).waitFor();
  await look(page, 'forms-4-unknown-student');
  await one.look('s1000030');
  await one
    .part('enrolments')
    .getByRole('button', { name: t('file.enrol') })
    .click();
  await refused(one, 'place.enrolGo', '#course', 'fault.course');
  await one.fill('place.course', 'NO-SUCH');
  await page.getByText(t('fault.unknownCourse', { course: 'NO-SUCH' })).waitFor();
  await one.fill('place.course', 'RW-1210');
  await one.dialog().locator('#component-0').waitFor();
  await refused(one, 'place.enrolGo', '#reason', 'fault.reason');
  await look(page, 'forms-5-no-reason');
  assert.equal(await page.locator('#course').inputValue(), 'RW-1210', 'nothing typed is lost');
  await one.cancel();
  await one
    .part('blocks')
    .getByRole('button', { name: t('block.add'), exact: true })
    .click();
  await one.fill('form.reason', 'the fee');
  await refused(one, 'block.go', '#block-code', 'fault.block');
  await one.cancel();
  assert.equal(await journal(), was, 'nothing was changed');
  await close(page, REFUSED);
});

test('an announcement: in one language only, or too long', async () => {
  const one = await registrar({ path: '/registrar/announcement', size: PHONE });
  const was = await journal();
  await one.fill('announce.nl', 'Om 14.00 gaan we verder.');
  await refused(one, 'announce.show', '#en', 'fault.announcement');
  await one.fill('announce.en', 'y'.repeat(501));
  await refused(one, 'announce.show', '#en', 'fault.long', { n: 500 });
  await look(one.page, 'forms-6-announcement');
  assert.equal(await one.page.locator('#nl').inputValue(), 'Om 14.00 gaan we verder.');
  assert.equal(await journal(), was, 'nothing was changed');
  await close(one.page);
});

/** What stands there when all of it has been read. */
const waits = {
  board: ['.sections-table'],
  before: [
    '.ready li',
    'section[aria-labelledby="demand"] tbody tr',
    'section[aria-labelledby="blockers"] tbody tr',
  ],
  student: ['.file-part'],
  announce: ['.announce'],
  log: ['.log-table'],
};

for (const lang of ['nl', 'en']) {
  for (const theme of ['light', 'dark']) {
    for (const [width, size] of [
      ['390', PHONE],
      ['1440', DESKTOP],
    ]) {
      test(`no violation in any view: ${lang}, ${theme}, ${width} pixels`, async () => {
        const one = await registrar({ lang, theme, size });
        const { page } = one;
        for (const place of Object.keys(PLACES)) {
          await one.go(place);
          if (place === 'student') await one.look('s1000001');
          for (const part of waits[place]) await page.locator(part).first().waitFor();
          await look(page, `console-${place}-${lang}-${theme}-${width}`);
          const wide = await page.evaluate(() => {
            const { scrollWidth, clientWidth } = document.documentElement;
            return scrollWidth - clientWidth;
          });
          assert.equal(wide, 0, `${place} is wider than the screen`);
        }
        await one.go('board');
        await one.section(SECTION);
        await look(page, `console-section-${lang}-${theme}-${width}`);
        await one.cancel();
        await close(page);
      });
    }
  }
}

// The window is open, and closed, from here on.

test('what the gateway refuses is told in the form, and the form keeps what was typed', async () => {
  const one = await registrar();
  const { t } = one;
  await one.ask(COURSES, 'schedule');
  await one.fill('window.opensAt', '2035-01-11T13:00:00');
  await one.fill('window.closesAt', '2035-01-12T13:00:00');
  // Meanwhile it is opened and closed by somebody else: its times cannot be set any more.
  await gateway.open();
  await gateway.registrar(`windows/${COURSES}/close`);
  await one
    .dialog()
    .getByRole('button', { name: t('window.scheduleGo'), exact: true })
    .click();
  await one.dialog().getByText(t('problem.window_closed')).waitFor();
  assert.equal(await one.page.locator('#closes').inputValue(), '2035-01-12T13:00');
  await look(one.page, 'forms-7-refused');
  await close(one.page, REFUSED);
});

test('by keyboard alone: to a window, a question, and out of it with the focus where it was', async () => {
  const one = await registrar();
  const { page, t } = one;
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  const name = literally(t('window.do.reset'));
  let reached = false;
  for (let i = 0; i < 40 && !reached; i += 1) {
    await page.keyboard.press('Tab');
    reached = name.test(
      await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''),
    );
  }
  assert.ok(reached, 'Tab reaches the act');
  await page.keyboard.press('Enter');
  await one.dialog().waitFor();
  await accessible(page, 'a question by keyboard');
  await page.keyboard.press('Escape');
  await one.dialog().waitFor({ state: 'detached' });
  const back = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  assert.match(back, name);
  await close(page);
});

test('without the gateway the board says so, with the age of what it shows, and comes back', async () => {
  const one = await registrar({ size: PHONE });
  const { page, t } = one;
  await page.locator('.sections-table').waitFor();
  await gateway.kill();
  await page.getByText(t('error.offline')).first().waitFor();
  await page.locator('.sections-table').waitFor();
  await look(page, 'forms-8-offline');
  await gateway.again();
  await page.locator('.banner').waitFor({ state: 'detached', timeout: 30_000 });
  await close(page, NO_NETWORK);
});
