// One student's whole way, on every pair of language, theme, size and motion.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { close, DESKTOP, look, PHONE, pictured } from '../support/browser.mjs';
import { browser, QUICK, withGateway } from '../support/stage.mjs';
import { intoLine, Student, until } from '../support/student.mjs';

const AXES = {
  lang: ['nl', 'en'],
  theme: ['light', 'dark'],
  size: [PHONE, DESKTOP],
  motion: ['no-preference', 'reduce'],
};
/** Five runs hold every pair of two values of two axes; a test below holds them to it. */
const RUNS = ['0000', '0111', '1011', '1101', '1110'].map((row) =>
  Object.fromEntries(Object.entries(AXES).map(([axis, values], i) => [axis, values[row[i]]])),
);
const PLAN = ['RW-1210', 'RW-1220', 'RW-1230', 'WB-1230'];

test('the runs hold every pair of values', () => {
  const axes = Object.keys(AXES);
  for (const [i, a] of axes.entries()) {
    for (const b of axes.slice(i + 1)) {
      const pairs = new Set(RUNS.map((r) => JSON.stringify([r[a], r[b]])));
      assert.equal(pairs.size, AXES[a].length * AXES[b].length, `${a} × ${b}`);
    }
  }
});

for (const run of RUNS) {
  const size = run.size === PHONE ? 'phone' : 'desktop';
  const name = `${run.lang}-${run.theme}-${size}-${run.motion === 'reduce' ? 'still' : 'moving'}`;
  test(`plan, arm, line, outcomes, swap, timetable, results: ${name}`, () =>
    withGateway(QUICK, async (gateway) => {
      const student = await signIn(gateway, run, name);
      const way = [makePlan, throughTheLine, outcomes, theRest];
      await pictured(student.page, name, async () => {
        for (const part of way) await part(gateway, student, name);
      });
      await close(student.page);
    }));
}

async function signIn(gateway, run, name) {
  const student = await Student.signIn(browser, gateway, { ...run, student: 's1000009' });
  const { page } = student;
  assert.equal(await page.evaluate(() => document.documentElement.lang), run.lang);
  await page.context().clearCookies();
  await page.goto('/');
  await student.heading('signIn.staff').waitFor(); // all of the door
  await look(page, `${name}-1-sign-in`);
  await student.enter('s1000001');
  return student;
}

async function makePlan(_, student, name) {
  const { page } = student;
  await student.plan([]);
  await look(page, `${name}-2-plan-empty`);
  await student.plan(PLAN);
  assert.deepEqual(await student.ranked(), PLAN);
  await student
    .planItem(PLAN[0])
    .getByRole('button', { name: student.pattern('plan.choose') })
    .first()
    .click();
  const options = student.planItem(PLAN[0]).locator('.pick .option');
  await options.nth(1).click();
  await options.nth(0).click();
  await student.saved();
  await look(page, `${name}-3-plan`);
  const { courses } = await student.api('/api/plan');
  assert.deepEqual(
    courses.map((c) => c.course),
    PLAN,
  );
  assert.equal(courses[0].choices.flat().filter((c) => c !== 'any').length >= 2, true);
}

async function throughTheLine(gateway, student, name) {
  const { page } = student;
  await student.go('opening');
  await gateway.schedule(600);
  await student.arm();
  await look(page, `${name}-4-armed`);
  await student.button('opening.disarm').click();
  await page.getByRole('button', { name: student.t('plan.arm') }).waitFor();
  await look(page, `${name}-5-countdown`);
  const first = await intoLine(gateway, student, 200);
  await page.locator('.forecast').first().waitFor();
  await look(page, `${name}-6-line`);
  await gateway.pace(10);
  const own = new RegExp(`^\\(([\\d.,\u00a0]+)\\) ${student.t('line.title')} `);
  const inTitle = async () => Number(own.exec(await page.title())?.[1].replace(/\D/g, ''));
  const seen = [first];
  let titled = false;
  await until(async () => {
    titled ||= (await inTitle()) < first;
    const place = await student.place();
    if (place === null) return false; // decided already, or none is shown: nothing was seen to fall
    assert.ok(place <= seen.at(-1), `the place rose from ${seen.at(-1)} to ${place}`);
    if (place < seen.at(-1)) seen.push(place);
    return seen.length > 3 && titled;
  }, 'a place that falls, in the title too');
  await gateway.pace(1000);
}

async function outcomes(gateway, student, name) {
  const { page } = student;
  await student.go('outcomes');
  const kinds = {};
  for (const code of PLAN) kinds[code] = await student.decided(code);
  const told = (await student.api('/api/outcomes')).outcomes;
  for (const code of PLAN) {
    assert.equal(kinds[code], told.find((o) => o.course === code).outcome, code);
  }
  await look(page, `${name}-7-outcomes`);
  await swap(gateway, student, name);
}

/** A course she has, and another tutorial of the same lecture that fits her week. */
async function otherGroup(student) {
  const { enrolments } = await student.api('/api/enrolments');
  const { meetings } = await student.api('/api/timetable');
  for (const { course: code, sections } of enrolments) {
    const course = await student.api(`/api/catalogue/${code}`);
    const tutorials = course.components.find((c) => c.kind === 'tutorial')?.sections ?? [];
    const own = tutorials.find((s) => sections.includes(s.key));
    const busy = meetings.filter((m) => m.section !== own?.key);
    const meets = (a, b) => a.weekday === b.weekday && a.start < b.end && b.start < a.end;
    const fits = (s) => !s.meetings.some((m) => busy.some((b) => meets(m, b)));
    const target = tutorials.find((s) => s !== own && s.parent === own?.parent && fits(s));
    if (own && target) return { code, target };
  }
  throw new Error('she has nothing that could be swapped');
}

/** Another group for a course she has, with seats made for it. */
async function swap(gateway, student, name) {
  const { page } = student;
  const { code, target } = await otherGroup(student);
  await gateway.registrar('sections/capacity', { section: target.key, capacity: 500 });
  const card = student.outcome(code);
  await card.getByRole('button', { name: student.t('card.swap') }).click();
  const dialog = page.getByRole('dialog');
  const short = target.key.slice(target.key.lastIndexOf('/') + 1);
  // Of many groups the first are shown; and they are asked for when the dialog opens.
  const all = dialog.getByRole('button', { name: student.pattern('plan.allGroups') });
  const option = dialog.locator('.option', { hasText: short }).first();
  await until(async () => {
    if (await option.count()) return true;
    if (await all.count()) await all.first().click();
    return false;
  }, `${short} among the groups`);
  await option.click();
  await look(page, `${name}-8-swap`);
  await dialog.getByRole('button', { name: student.t('card.swapDo'), exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await until(async () => {
    const now = (await student.api('/api/enrolments')).enrolments;
    return now.find((e) => e.course === code).sections.includes(target.key);
  }, `a seat in ${target.key}`);
  await card.getByText(` ${short}`).first().waitFor();
}

async function theRest(_, student, name) {
  const { page } = student;
  await student.go('timetable');
  await page.locator('.block').first().waitFor();
  await look(page, `${name}-9-timetable`);
  await student.go('results');
  await page.locator('.totals').waitFor();
  await look(page, `${name}-10-results`);
  await student.go('messages');
  await page.locator('.message').first().waitFor();
  await look(page, `${name}-11-messages`);
  await student.go('account');
  await page.locator('.device').first().waitFor();
  await look(page, `${name}-12-account`);
  await page.evaluate(() => history.pushState(null, '', '/nowhere'));
  await page.evaluate(() => dispatchEvent(new PopStateEvent('popstate')));
  await student.heading('app.notFound').waitFor();
  await look(page, `${name}-13-not-found`);
}
