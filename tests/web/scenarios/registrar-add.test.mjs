// More sections the day before: one like another by the console's form, many by a file, and what is
// wrong with either told in place, with nothing changed.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { close, DESKTOP, look, PHONE, pictured } from '../support/browser.mjs';
import { Gateway } from '../support/gateway.mjs';
import { Registrar } from '../support/registrar.mjs';
import { browser, withGateway } from '../support/stage.mjs';
import { Student, until } from '../support/student.mjs';

/** What a browser says of an answer that refuses, or of a course that is not there yet. */
const REFUSED = /status of (404|409|422)/;
const CODE = 'AA-0001';
const LIKE = `${CODE}/T1`;
const CATALOGUE = `term = "2026-2"
[[courses]]
code = "${CODE}"
name = { nl = "Zeerecht", en = "Law of the Sea" }
description = { nl = "Van kust tot kust.", en = "From coast to coast." }
ects = 2.5
url = "https://guide.example/aa"
faculty = "Law"
level = "100"
language = "nl"
period = "3"
components = [
  { kind = "lecture", sections = [
    { key = "H1", capacity = 300, meetings = [
      { day = "sat", start = "9:00", end = "11:00", weeks = "6-20", place = "A1" }] },
    { key = "H2", capacity = 300 }] },
  { kind = "tutorial", sections = [
    { key = "T1", capacity = 0, parent = "H1", meetings = [
      { day = "sat", start = "13:15", end = "15:00", weeks = "odd", place = "B2" }] },
    { key = "T2", capacity = 0, parent = "H2" }] }]
`;

/** A gateway with that course, and the registrar at her board. */
const scenario = (options, what) =>
  withGateway({}, async (gateway) => {
    await gateway.registrar('catalogue', CATALOGUE);
    const one = await Registrar.signIn(browser, gateway, options);
    await pictured(one.page, `add-${options.lang}`, () => what(one, gateway));
    await close(one.page, REFUSED);
  });

const course = (one, code = CODE) =>
  one.page.evaluate(async (url) => {
    const answer = await fetch(url);
    return answer.ok ? answer.json() : null;
  }, `/api/catalogue/${code}`);

const sections = (found) => found.components.flatMap((c) => c.sections);
const press = (one, key, params) =>
  one.page.getByRole('button', { name: one.t(key, params), exact: true }).click();

/** The fault beside a field; the field says that it is wrong. */
async function beside(one, field, key, params) {
  await one.page.locator(`${field}-fault`).getByText(one.t(key, params)).waitFor();
  assert.equal(await one.page.locator(field).getAttribute('aria-invalid'), 'true');
}

/** The focus, as soon as it is there. */
const focusOn = (one, id) =>
  until(
    () => one.page.evaluate((of) => document.activeElement?.id === of, id),
    `the focus on ${id}`,
  );

for (const [lang, size, name] of [
  ['nl', DESKTOP, 'desktop'],
  ['en', PHONE, 'phone'],
]) {
  test(`one more group like another, by the form, and a student gets it: ${lang}, ${name}`, () =>
    scenario({ lang, size }, async (one, gateway) => {
      const { page } = one;
      // Its seats were changed since the file: that stands.
      await gateway.registrar('sections/capacity', { section: `${CODE}/H1`, capacity: 77 });
      const before = await course(one);
      await one.section(LIKE);
      await press(one, 'add.open');
      const key = page.locator('#add-key');
      await key.waitFor();
      assert.equal(await key.inputValue(), 'T3', 'the next that is free');
      assert.equal(await page.locator('#meeting-1-start').inputValue(), '13.15');
      assert.match(
        await one.dialog().textContent(),
        new RegExp(one.t('add.parent', { parent: 'H1' })),
      );
      await look(page, `add-1-form-${name}`);
      await key.fill('T2');
      await page.locator('#add-seats').fill('-1');
      await page.locator('#meeting-1-end').fill('12.00');
      await page.locator('#meeting-1-weeks').fill('54');
      await press(one, 'add.go');
      await beside(one, '#add-key', 'fault.groupTaken', { key: 'T2' });
      await beside(one, '#add-seats', 'fault.between', { least: 0, most: 1_000_000 });
      await beside(one, '#meeting-1-end', 'fault.timeOrder');
      await beside(one, '#meeting-1-weeks', 'fault.weeks');
      await focusOn(one, 'add-key');
      await look(page, `add-2-faults-${name}`);
      assert.deepEqual(await course(one), before, 'nothing was added');
      await key.fill('T3');
      await page.locator('#add-seats').fill('25');
      await page.locator('#meeting-1-end').fill('15.00');
      await page.locator('#meeting-1-weeks').fill('6-8, 10');
      await press(one, 'add.more');
      await press(one, 'add.less', { n: 2 });
      await focusOn(one, 'add-meeting');
      await press(one, 'add.go');
      const added = `${CODE}/T3`;
      await page.getByText(one.t('add.done', { section: added })).waitFor();
      await look(page, `add-3-done-${name}`);
      const after = await course(one);
      const fresh = sections(after).find((s) => s.key === added);
      assert.deepEqual([fresh.capacity, fresh.parent], [25, `${CODE}/H1`]);
      assert.deepEqual(fresh.meetings, [
        { weekday: 6, start: 795, end: 900, weeks: [6, 7, 8, 10], place: 'B2' },
      ]);
      after.components[1].sections.pop();
      assert.deepEqual(after, before, 'and nothing else has changed');
      await one.cancel();
      await one.fill('section.find', `${CODE}/`);
      await one.row(added).waitFor();
      assert.match(await one.row(`${CODE}/H1`).textContent(), /77/);
      await getsIt(gateway, added);
    }));
}

/** Of the groups of her course only the new one has seats. */
async function getsIt(gateway, section) {
  await gateway.pace(10_000);
  await gateway.open();
  await until(async () => (await gateway.window()).waiting === 0, 'the line is over', 60_000);
  const student = await Student.signIn(browser, gateway, { size: PHONE });
  try {
    await student.plan([CODE]);
    await student.button('plan.submitNow', { n: 1 }).click();
    await student.go('outcomes');
    assert.equal(await student.decided(CODE), 'enrolled');
    const { enrolments } = await student.api('/api/enrolments');
    assert.ok(enrolments[0].sections.includes(section), JSON.stringify(enrolments));
  } finally {
    await close(student.page);
  }
}

/** `n` sections more of a tutorial, of which those with a fault have no seats at all. */
const file = (...groups) => `term = "2026-2"
[[courses]]
code = "AA-0002"
name = { nl = "Ruimterecht", en = "Space Law" }
ects = 5
components = [{ kind = "tutorial", sections = [
${groups.join(',\n')}
] }]
`;
const upload = (one, name, text) =>
  one.page
    .locator('#import-file')
    .setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });

for (const [lang, size, name] of [
  ['nl', PHONE, 'phone'],
  ['en', DESKTOP, 'desktop'],
]) {
  test(`a file: each fault with its line, then what changes, then done: ${lang}, ${name}`, () =>
    scenario({ lang, size }, async (one) => {
      const { page } = one;
      await one.go('before');
      await press(one, 'import.open');
      await one.heading('import.title').waitFor();
      await press(one, 'import.check');
      await beside(one, '#import-file', 'fault.file');
      await focusOn(one, 'import-file');
      await upload(one, 'leeg.toml', '');
      await press(one, 'import.check');
      await beside(one, '#import-file', 'fault.fileEmpty');
      const bad = ['{ key = "T1", capacity = -1 }', '{ key = "T2", capacity = "many" }'];
      await upload(one, 'fouten.toml', file(...bad));
      await press(one, 'import.check');
      const alert = page.getByRole('alert').filter({ hasText: one.t('problem.import_invalid') });
      await alert.getByText(one.t('problem.faults', { n: 2 })).waitFor();
      const lines = await alert.locator('li').allTextContents();
      assert.deepEqual(
        lines.map((line) => line.slice(0, line.indexOf(':') + 1)),
        [7, 8].map((n) => one.t('problem.line', { n })),
        `${lines}`,
      );
      for (const line of lines) assert.match(line, /; give /, 'and what to do');
      await look(page, `add-4-file-faults-${name}`);
      const go = page.getByRole('button', { name: one.t('import.go'), exact: true });
      assert.equal(await go.count(), 0, 'no way on with faults');
      await upload(one, 'goed.toml', file('{ key = "T1", capacity = 20 }'));
      await alert.waitFor({ state: 'detached' }); // what was said of the former is over
      await press(one, 'import.check');
      await page.getByText(one.t('import.kind.section', { key: 'AA-0002/T1' })).waitFor();
      await look(page, `add-5-file-would-${name}`);
      assert.equal(await course(one, 'AA-0002'), null, 'nothing is there before it is confirmed');
      await press(one, 'import.go');
      await page.getByText(one.t('import.done', { added: 2, changed: 0 })).waitFor();
      assert.equal(sections(await course(one, 'AA-0002')).length, 1);
      assert.notEqual(await page.evaluate(() => document.activeElement.localName), 'body');
      await look(page, `add-6-file-done-${name}`);
      await upload(one, 'goed.toml', file('{ key = "T1", capacity = 20 }'));
      await press(one, 'import.check');
      await page.getByText(one.t('import.none')).waitFor();
      await upload(one, 'meer.toml', file('{ key = "T1", capacity = 30 }'));
      await press(one, 'import.check');
      const what = one.t('import.kind.section', { key: 'AA-0002/T1' });
      await page.getByText(one.t('import.seats', { what, before: 20, after: 30 })).waitFor();
      await press(one, 'import.go');
      await page.getByText(one.t('import.done', { added: 0, changed: 1 })).waitFor();
      await one.cancel();
      await one.go('board');
      await one.latest('import').getByText(one.t('action.import')).waitFor();
    }));
}

/** A term without anything in it, and a university that signs in as the demonstration does. */
const EMPTY = {
  catalogue: '[[terms]]\nkey = "2026-2"\nname = "Semester 2"\nfirst_monday = 2027-02-08\n',
};
const REAL_DATA = { SLUIS__SIGN_IN__DEMO_WITH_REAL_DATA: 'true' };

test('from nothing: a file makes courses and a window, and says so while they appear', async () => {
  const gateway = await Gateway.start(REAL_DATA, EMPTY);
  try {
    const one = await Registrar.signIn(browser, gateway, { lang: 'en', size: DESKTOP });
    const { page } = one;
    await pictured(page, 'add-from-nothing', async () => {
      await one.go('before');
      await page.getByText(one.t('board.noWindows')).waitFor();
      await press(one, 'import.open');
      const window = '[[windows]]\nkey = "w"\nname = "First window"\nterm = "2026-2"\n';
      await upload(one, 'all.toml', `${file('{ key = "T1", capacity = 20 }')}${window}`);
      await press(one, 'import.check');
      await page.getByText(one.t('import.kind.window', { key: 'w' })).waitFor();
      await press(one, 'import.go');
      await page.getByText(one.t('import.done', { added: 3, changed: 0 })).waitFor();
      await one.window('w').waitFor({ state: 'attached' });
      await page.getByText(one.t('import.done', { added: 3, changed: 0 })).waitFor();
      await one.cancel();
      await one.window('w').getByText('First window').waitFor();
    });
    await close(page, REFUSED);
  } finally {
    await gateway.stop();
  }
});

test('by keyboard alone: from the board to a group more', () =>
  scenario({ lang: 'en', size: DESKTOP }, async (one) => {
    const { page } = one;
    const to = async (name) => {
      for (let n = 0; n < 60; n += 1) {
        const here = await page.evaluate(() => document.activeElement?.textContent.trim());
        if (here === name) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`no way to "${name}" by the keyboard`);
    };
    await one.fill('section.find', LIKE);
    await one.row(LIKE).waitFor();
    await page.locator('#find').focus();
    await to(one.t('section.change'));
    await page.keyboard.press('Enter');
    await one.dialog().locator('#capacity').waitFor();
    await to(one.t('add.open'));
    await page.keyboard.press('Enter');
    await page.locator('#add-key').waitFor();
    // What was pressed is gone; she reads on in the dialog.
    const inside = () => page.evaluate(() => !!document.activeElement?.closest('dialog'));
    await until(inside, 'the focus in the dialog');
    await to(one.t('add.go'));
    await page.keyboard.press('Enter');
    await page.getByText(one.t('add.done', { section: `${CODE}/T3` })).waitFor();
    await until(inside, 'the focus in the dialog');
    assert.equal(sections(await course(one)).length, 5);
  }));
