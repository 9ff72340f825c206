// How the page looks: light, dark and a university's own; a phone's week; colours that the system
// forces; names that are longer than any screen.
import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { close, DESKTOP, look, newPage, PHONE, pictured, shot } from '../support/browser.mjs';
import { browser, withGateway } from '../support/stage.mjs';
import { Student, until } from '../support/student.mjs';

const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const LIGHT = 'rgb(247, 244, 237)';
const DARK = 'rgb(14, 24, 28)';

test('light, dark or as the system has it: chosen, remembered, the same in another tab', () =>
  withGateway({}, async (gateway) => {
    const one = await Student.signIn(browser, gateway, { theme: 'light', lang: 'en' });
    const { page } = one;
    assert.equal(await ground(page), LIGHT);
    await one.go('account');
    const other = await page.context().newPage();
    await other.goto('/');
    const choose = (name) => page.getByRole('button', { name, exact: true }).click();
    await choose(one.t('scheme.dark'));
    assert.equal(await ground(page), DARK);
    await until(async () => (await ground(other)) === DARK, 'the other tab follows');
    await look(page, 'looks-1-dark');
    await page.reload();
    await one.heading('account.title').waitFor();
    assert.equal(await ground(page), DARK, 'remembered');
    await choose(one.t('scheme.light'));
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await ground(page), LIGHT, 'whatever the system says');
    await choose(one.t('scheme.system'));
    assert.equal(await ground(page), DARK);
    const head = page.getByRole('button', { name: one.pattern('app.schemeNow') });
    await head.click();
    assert.equal(await ground(page), LIGHT, 'the button in the header goes round');
    await close(page);
  }));

test('a university’s theme: its colours in both schemes, the plain page too, no rule broken', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluis-theme-'));
  const theme = join(dir, 'theme.css');
  const own =
    ':root { --sluis-paper: light-dark(#ffffff, #151112); --sluis-water: light-dark(#7a0019, #f2a9b5); }';
  await writeFile(theme, own);
  await withGateway({ SLUIS__PAGE__THEME: theme }, async (gateway) => {
    for (const [scheme, paper, water] of [
      ['light', 'rgb(255, 255, 255)', 'rgb(122, 0, 25)'],
      ['dark', 'rgb(21, 17, 18)', 'rgb(242, 169, 181)'],
    ]) {
      const one = await Student.signIn(browser, gateway, { theme: scheme, size: PHONE });
      const { page } = one;
      assert.equal(await ground(page), paper);
      const brand = page.locator('.nav a[aria-current]');
      assert.equal(await brand.evaluate((e) => getComputedStyle(e).color), water);
      await look(page, `looks-2-theme-${scheme}`);
      await page.goto('/plain?lang=nl&refresh=off');
      assert.equal(await ground(page), paper);
      await close(page);
    }
  });
  await rm(dir, { recursive: true });
});

test('with colours that the system forces, what is chosen and what clashes can still be told', () =>
  withGateway({}, async (gateway) => {
    const options = { size: PHONE, context: { forcedColors: 'active' } };
    const one = await Student.signIn(browser, gateway, options);
    const { page } = one;
    await one.plan(['RW-1210', 'RW-1220', 'WB-1230']);
    await one.planItem('RW-1210').locator('button[aria-expanded]').first().click();
    const options2 = one.planItem('RW-1210').locator('.pick .option');
    await options2.nth(0).click();
    const width = (e) => e.evaluate((x) => Number.parseFloat(getComputedStyle(x).borderTopWidth));
    assert.ok(
      (await width(options2.nth(0))) > (await width(options2.nth(1))),
      'chosen: a thicker edge',
    );
    await shot(page, 'looks-3-forced-plan');
    await one.go('opening');
    await gateway.schedule(600);
    await one.arm();
    await shot(page, 'looks-3-forced-armed');
    await close(page);
  }));

test('on a narrow phone each block of the week has a letter, and a list says whose', () =>
  withGateway({}, async (gateway) => {
    const one = await Student.signIn(browser, gateway, { size: { width: 360, height: 780 } });
    const { page } = one;
    await one.plan(['RW-1210', 'RW-1220', 'RW-1230', 'WB-1230']);
    await firstChoices(one);
    await page.locator('.week-key li').nth(3).waitFor();
    const keys = await page
      .locator('.week-key li')
      .evaluateAll((all) => all.map((li) => li.textContent.trim().slice(0, 1)));
    assert.deepEqual(keys, ['A', 'B', 'C', 'D']);
    const blocks = await page.locator('.block').evaluateAll((all) =>
      all.map((b) => {
        const sign = b.querySelector('.block-sign').getBoundingClientRect();
        const box = b.getBoundingClientRect();
        const name = b.querySelector('.block-name').textContent;
        return {
          name,
          whole: sign.width > 0 && sign.right <= box.right && sign.bottom <= box.bottom,
        };
      }),
    );
    assert.ok(blocks.length > 2);
    for (const b of blocks) assert.ok(b.whole && b.name.length > 3, JSON.stringify(b));
    await page.locator('.week').scrollIntoViewIfNeeded();
    await look(page, 'looks-4-week-360');
    await close(page);
  }));

/** Her plan with the first section of each component: all of it stands in the week. */
async function firstChoices(one) {
  const plan = await one.api('/api/plan');
  const courses = [];
  for (const { course } of plan.courses) {
    const { components } = await one.api(`/api/catalogue/${course}`);
    courses.push({ course, choices: components.map((c) => [c.sections[0].key]), waitlist: true });
  }
  const status = await one.page.evaluate(async (body) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch('/api/plan', { method: 'PUT', headers, body })).status;
  }, JSON.stringify({ courses }));
  assert.equal(status, 200);
}

const EVIL = '<img src=x onerror="document.title=1"><b>vak';
const LONG = 'Onuitspreekbaarlangevaknaam'.repeat(7).slice(0, 180);

test('names with markup or without end stay text, and inside, in every view', () =>
  withGateway({}, async (gateway) => {
    const names = [
      ['ZZ-0001', EVIL],
      ['ZZ-0002', LONG],
    ];
    const made = names.map(
      ([code, name], i) => `
[[courses]]
code = "${code}"
name = { nl = '${name}', en = '${name}' }
ects = 1
components = [{ kind = "lecture", sections = [{ key = "H1", capacity = 9, meetings = [
  { day = "mon", start = "${19 + i}:00", end = "${20 + i}:00", weeks = "6-20", place = '<b>${'z'.repeat(60)}' }] }] }]`,
    );
    await gateway.registrar('catalogue', `term = "2026-2"\n${made.join('\n')}`);
    await gateway.pace(10_000);
    await gateway.open();
    await until(async () => (await gateway.window()).waiting === 0, 'the line is over', 60_000);
    const size = { width: 320, height: 700 };
    const one = await Student.signIn(browser, gateway, { size });
    const { page } = one;
    await pictured(page, 'absurd', async () => {
      await one.plan(['ZZ-0001', 'ZZ-0002']);
      await page.getByRole('button', { name: one.t('plan.submitNow', { n: 2 }) }).click();
      await one.go('outcomes');
      for (const [code] of names) assert.equal(await one.decided(code), 'enrolled');
      for (const view of ['plan', 'outcomes', 'timetable', 'messages']) {
        await one.go(view);
        await page.getByText(EVIL).first().waitFor({ state: 'attached' });
        assert.equal(await page.locator('main img').count(), 0);
        await look(page, `looks-5-absurd-${view}`);
        const over = await page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          return scrollWidth - clientWidth;
        });
        assert.equal(over, 0, `${view} is wider than the screen`);
      }
      await page.goto('/plain?lang=nl&refresh=off');
      assert.equal(await page.locator('main img, section img').count(), 0);
      assert.notEqual(await page.title(), '1');
    });
    await close(page);
  }));

test('each filter of the search narrows what is found, and all of them can be undone', () =>
  withGateway({}, async (gateway) => {
    const one = await Student.signIn(browser, gateway, { size: DESKTOP });
    const { page, t } = one;
    await pictured(page, 'filters', async () => {
      await one.plan(['RW-1210']);
      const api = (query) => one.api(`/api/catalogue?per_page=1&${query}`);
      const { total, facets } = await api('');
      const told = page.locator('.search p[role=status]');
      const says = (n) =>
        until(
          async () => (await told.textContent()).startsWith(t('plan.found', { n })),
          `${n} courses found`,
        );
      await one.search('');
      await says(total);
      await page.getByText(t('plan.filters'), { exact: true }).click();
      for (const [key, label, value] of [
        ['faculty', 'plan.faculty', facets.faculties[0]],
        ['level', 'plan.level', facets.levels[0]],
        ['language', 'plan.language', facets.languages[0]],
        ['period', 'plan.period', facets.periods[0]],
        ['credits', 'plan.creditsLabel', `${facets.credits[0]}`],
      ]) {
        const wanted = (await api(`${key}=${encodeURIComponent(value)}`)).total;
        assert.ok(wanted < total, `${key} narrows`);
        const choice = page.getByRole('combobox', { name: t(label), exact: true });
        await choice.selectOption(value);
        await says(wanted);
        await choice.selectOption('');
        await says(total);
      }
      // Registration takes the seats; what is full is then not found.
      const seats = page.getByRole('checkbox', { name: t('plan.hasSeats') });
      const [full] = (await one.api('/api/catalogue?per_page=1')).courses;
      for (const s of full.components[0].sections) {
        await gateway.registrar('sections/capacity', { section: s.key, capacity: 0 });
      }
      await seats.check();
      await says((await api('available=true')).total);
      assert.ok((await api('available=true')).total < total);
      await seats.uncheck();
      await says(total);
      const fits = page.getByRole('checkbox', { name: t('plan.fitsWeek') });
      await fits.check();
      await page
        .locator('.search p[role=status]', { hasText: one.pattern('plan.fit') })
        .or(page.locator('.search p[role=status]', { hasText: one.pattern('plan.fitSoFar') }))
        .waitFor();
      await look(page, 'looks-6-filters');
      await one.search('zzzz-niets');
      await page.getByText(t('plan.nothing')).waitFor();
    });
    await close(page);
  }));

test('the door is a page of its own size on a phone in the dark', () =>
  withGateway({}, async (gateway) => {
    const page = await newPage(browser, gateway.address, {
      theme: 'dark',
      size: PHONE,
      lang: 'en',
    });
    await page.goto('/');
    await page.getByRole('searchbox').or(page.getByRole('combobox')).first().waitFor();
    await look(page, 'looks-7-door');
    await close(page);
  }));
