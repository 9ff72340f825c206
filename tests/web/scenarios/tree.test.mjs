// What a screen reader is given of every view, in both languages.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { close, DESKTOP, newPage, PHONE, pictured } from '../support/browser.mjs';
import { browser, QUICK, withGateway } from '../support/stage.mjs';
import { intoLine, Student } from '../support/student.mjs';
import { faults, landmarks, reads, tree } from '../support/tree.mjs';

const PLAN = ['RW-1210', 'RW-1220', 'RW-1230'];

test('the check sees a missing name, a missing landmark and a heading left out', () => {
  const whole = [
    { role: 'banner', name: '' },
    { role: 'main', name: '' },
    { role: 'heading', name: 'A', level: 1 },
    { role: 'heading', name: 'B', level: 2 },
    { role: 'button', name: 'Go' },
    { role: 'contentinfo', name: '' },
  ];
  assert.deepEqual(faults(whole), []);
  const without = (test) => faults(whole.filter((n) => !test(n)));
  assert.deepEqual(
    without((n) => n.role === 'main'),
    ['0 landmarks are main'],
  );
  assert.deepEqual(
    without((n) => n.level === 1),
    ['0 headings of level 1', 'heading "B" is 2 after 0'],
  );
  assert.deepEqual(faults([...whole, { role: 'link', name: '' }]), ['a link has no name']);
  assert.deepEqual(faults([...whole, { role: 'heading', name: 'C', level: 4 }]), [
    'heading "C" is 4 after 2',
  ]);
});

for (const lang of ['nl', 'en']) {
  test(`every view reads well: ${lang}`, () =>
    withGateway(QUICK, async (gateway) => {
      const page = await newPage(browser, gateway.address, { lang, size: DESKTOP });
      const one = new Student(page, lang);
      await pictured(page, `tree-${lang}`, () => everyView(gateway, one));
      await close(page);
    }));
}

async function everyView(gateway, one) {
  const { page, t } = one;
  await page.goto('/');
  await one.heading('signIn.lead').waitFor();
  const door = await reads(page, 'sign-in', [
    `1 ${t('signIn.lead')}`,
    `2 ${t('signIn.students')}`,
    `2 ${t('signIn.staff')}`,
  ]);
  assert.deepEqual(landmarks(door), ['banner', 'main', 'contentinfo']);
  await one.enter('s1000001');
  await one.plan(PLAN);
  await one.planItem(PLAN[0]).locator('button[aria-expanded]').first().click();
  const { name } = await one.api(`/api/catalogue/${PLAN[0]}`);
  const map = await reads(page, 'study map', [
    `1 ${t('plan.title')}`,
    `2 ${t('plan.mine')}`,
    `3 ${name[one.lang]}`,
    `2 ${t('plan.forYou', { year: 1 })}`,
    `2 ${t('plan.week')}`,
    `2 ${t('plan.search')}`,
  ]);
  assert.deepEqual(landmarks(map), ['banner', 'navigation', 'main', 'contentinfo']);
  const grips = map.filter(
    (n) => n.name === t('plan.drag', { course: name[one.lang], n: 1, of: 3 }),
  );
  assert.equal(grips.length, 1, 'the handle says what it moves and where it stands');
  assert.ok(map.some((n) => n.role === 'button' && n.expanded === true && n.name));

  await one.go('opening');
  await gateway.schedule(600);
  await one.arm();
  await reads(page, 'armed', [`1 ${t('opening.title')}`]);
  const line = await inLine(gateway, one);
  const bars = line.filter((n) => /progress/i.test(n.role ?? ''));
  assert.deepEqual(
    bars.map((n) => n.name),
    [t('line.progress')],
  );
  await gateway.pace(1000);
  await one.go('outcomes');
  await one.decided(PLAN.at(-1));
  await reads(page, 'outcomes', [`1 ${t('outcomes.title')}`, `2 ${t('copy.title')}`]);
  await theRest(one);
}

async function inLine(gateway, one) {
  const { t } = one;
  await intoLine(gateway, one);
  await one.page.locator('.forecast').first().waitFor();
  const heads = [`1 ${t('opening.title')}`, `3 ${t('forecast.title')}`];
  const nodes = await reads(one.page, 'line', heads);
  // A falling place is no news for whoever listens: only the one polite region speaks.
  const live = nodes.filter((n) => n.live && n.live !== 'off' && n.name);
  assert.ok(
    live.every((n) => !/^\d/.test(n.name)),
    JSON.stringify(live),
  );
  return nodes;
}

async function theRest(one) {
  const { page, t } = one;
  await one.go('timetable');
  await page.locator('.block').first().waitFor();
  await reads(page, 'timetable', [
    `1 ${t('timetable.title')}`,
    `2 ${t('week.list')}`,
    `2 ${t('calendar.title')}`,
    `3 ${t('calendar.feed')}`,
  ]);
  await one.go('results');
  await page.locator('table.results').first().waitFor();
  const results = await reads(page, 'results', [`1 ${t('results.title')}`]);
  assert.ok(
    results.some((n) => n.role === 'table'),
    'results are a table',
  );
  await one.go('messages');
  await page.locator('.message').first().waitFor();
  await reads(page, 'messages', [`1 ${t('messages.title')}`]);
  await one.go('account');
  await page.locator('.device').first().waitFor();
  await reads(page, 'account', [
    `1 ${t('account.title')}`,
    `2 ${t('notify.title')}`,
    `2 ${t('devices.title')}`,
    `2 ${t('account.data')}`,
  ]);
}

test('the languages that are not the page’s own are marked, on a phone too', () =>
  withGateway({}, marked));

async function marked(gateway) {
  const one = await Student.signIn(browser, gateway, { lang: 'en', size: PHONE });
  const { page } = one;
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  const languages = await page
    .locator('header [lang]')
    .evaluateAll((all) => all.map((e) => [e.lang, e.getAttribute('aria-label')]));
  assert.deepEqual(languages, [
    ['nl', 'NL, Nederlands'],
    ['en', 'EN, English'],
  ]);
  const nodes = await tree(page);
  assert.deepEqual(faults(nodes), []);
  await page.getByRole('button', { name: 'NL, Nederlands' }).click();
  await page.waitForFunction(() => document.documentElement.lang === 'nl');
  await close(page);
}
