// What changes while she looks on and touches nothing: seats on the study map, what her plan can
// expect in line. And what two courses at one hour look like.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DESKTOP, look } from '../support/browser.mjs';
import { scenario } from '../support/stage.mjs';
import { lastInLine, until } from '../support/student.mjs';

const group = (key, day) =>
  `{ key = "${key}", capacity = 9, meetings = [{ day = "${day}", start = "19:00", end = "20:00", weeks = "6", place = "A1" }] }`;
const course = (code, name, ...groups) => `
[[courses]]
code = "${code}"
name = { nl = "${name}", en = "${name}" }
ects = 1
components = [{ kind = "tutorial", sections = [${groups.join(', ')}] }]
`;
const CATALOGUE = `term = "2026-2"
${course('LL-0001', 'Sterrenkunde', group('T1', 'sat'), group('T2', 'sun'))}
${course('LL-0002', 'Weerkunde', group('T1', 'fri'))}${course('LL-0003', 'Golven', group('T1', 'fri'))}`;

/** Her plan, as another device of hers has saved it. */
async function planned(one, courses) {
  const status = await one.page.evaluate(async (body) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch('/api/plan', { method: 'PUT', headers, body })).status;
  }, JSON.stringify({ courses }));
  assert.equal(status, 200);
}

/** One seat is left in each group of a course, and so many in its scarcest part. */
async function oneEach(one, gateway, code) {
  const { components } = await one.api(`/api/catalogue/${code}`);
  for (const s of components.flatMap((c) => c.sections)) {
    await gateway.registrar('sections/capacity', { section: s.key, capacity: 1 });
  }
  return Math.min(...components.map((c) => c.sections.length));
}

const colour = (element) => element.evaluate((e) => getComputedStyle(e).color);
/** The colour that is kept for what is final. */
const green = (page) =>
  page.evaluate(() => {
    const probe = document.createElement('span');
    probe.style.color = 'var(--sluis-good)';
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  });

test('seats fall on the study map untouched, those of courses that were read late too', () =>
  scenario('seats', { catalogue: CATALOGUE, size: DESKTOP, lang: 'en' }, async (one, gateway) => {
    const { page, t } = one;
    let come;
    const late = new Promise((resolve) => {
      come = resolve;
    });
    await page.route('**/api/programmes', async (route) => {
      await late;
      await route.continue();
    });
    await page.reload();
    await one.known();
    await page.locator('.search .course').first().waitFor();
    come();
    const programme = page.locator('section[aria-labelledby="programme-title"]');
    await programme.locator('.course .seats').first().waitFor();
    const codes = (list) => list.evaluateAll((all) => all.map((li) => li.dataset.course));
    const found = await codes(page.locator('.search .course'));
    const [wanted] = (await codes(programme.locator('.course'))).filter((c) => !found.includes(c));
    assert.ok(wanted, 'a course of hers that the search does not show');
    const seats = programme.locator(`[data-course="${wanted}"] .seats`);
    const left = await oneEach(one, gateway, wanted);
    await seats.getByText(t('seats.left', { n: left }), { exact: true }).waitFor();
    // What another device of hers puts into her plan is looked at from then on.
    await planned(one, [{ course: 'LL-0001', choices: [], waitlist: true }]);
    const own = one.planItem('LL-0001').locator('.seats').first();
    await own.getByText(t('seats.left', { n: 18 })).waitFor();
    assert.equal(await page.locator('.search [data-course="LL-0001"]').count(), 0);
    await oneEach(one, gateway, 'LL-0001');
    await own.getByText(t('seats.left', { n: 2 })).waitFor();
  }));

for (const theme of ['light', 'dark']) {
  test(`in line: what fits instead of a full group is taken with one tap, place kept: ${theme}`, () =>
    scenario(`instead-${theme}`, { catalogue: CATALOGUE, theme }, async (one, gateway) => {
      const { page, t } = one;
      await planned(one, [{ course: 'LL-0001', choices: [['LL-0001/T1']], waitlist: true }]);
      await one.planItem('LL-0001').waitFor();
      await one.go('opening');
      await lastInLine(gateway, one);
      const forecast = page.locator('.forecast[data-course="LL-0001"]');
      const mark = forecast.locator('.mark');
      await mark.getByText(t('forecast.likely'), { exact: true }).waitFor();
      assert.notEqual(await colour(mark), await green(page), 'green is for what is final');
      await forecast.evaluate((e) => e.scrollIntoView({ block: 'center' }));
      await look(page, `live-1-likely-${theme}`);
      await gateway.registrar('sections/capacity', { section: 'LL-0001/T1', capacity: 0 });
      await mark.getByText(t('forecast.full'), { exact: true }).waitFor();
      const take = forecast.getByRole('button', { name: /T2/ });
      await take.waitFor();
      await look(page, `live-2-full-${theme}`);
      const before = await one.place();
      await take.click();
      const accepted = async () => (await one.plannedCourses())[0].choices.flat();
      await until(
        async () => `${await accepted()}` === 'LL-0001/T1,LL-0001/T2',
        'T2 is in her plan',
      );
      await mark.getByText(t('forecast.likely'), { exact: true }).waitFor();
      await take.waitFor({ state: 'detached' });
      const now = await until(() => one.place(), 'her place');
      assert.ok(now <= before, `${before} became ${now}`);
      await gateway.pace(10_000);
      await one.go('outcomes');
      assert.equal(await one.decided('LL-0001'), 'enrolled');
    }));

  test(`two courses at one hour clash by sign and words, not by colour alone: ${theme}`, () =>
    scenario(`clash-${theme}`, { catalogue: CATALOGUE, theme, lang: 'en' }, async (one) => {
      const { page, t } = one;
      await one.plan(['LL-0002', 'LL-0003']);
      const added = page.locator('.search [data-course="LL-0003"] .added');
      assert.notEqual(await colour(added), await green(page), 'green is for what is final');
      const week = page.locator('section[aria-labelledby="week-title"]');
      await week.getByText(t('week.clashes', { n: 1 }), { exact: true }).waitFor();
      const blocks = week.locator('.block.clash');
      assert.equal(await blocks.count(), 2);
      for (const [block, other] of [
        [blocks.filter({ hasText: 'LL-0002' }), 'Golven'],
        [blocks.filter({ hasText: 'LL-0003' }), 'Weerkunde'],
      ]) {
        await block.getByText(t('week.clash', { course: other }), { exact: true }).waitFor();
        await block.locator('.icon').waitFor();
      }
      await week.scrollIntoViewIfNeeded();
      await look(page, `live-3-clash-${theme}`);
      await one.plan(['LL-0002']);
      await week.getByText(t('week.noClash'), { exact: true }).waitFor();
      assert.equal(await blocks.count(), 0);
    }));
}
