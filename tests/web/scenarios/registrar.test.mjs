// The registrar's console before, during and after an opening, with students and a second
// registrar in browsers of their own.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { close, DESKTOP, look, PHONE } from '../support/browser.mjs';
import { COURSES } from '../support/gateway.mjs';
import { literally, Registrar } from '../support/registrar.mjs';
import { browser, gateway, gatewayOfFile, QUICK } from '../support/stage.mjs';
import { Student, until } from '../support/student.mjs';

const course = (code, seats) => `
[[courses]]
code = "${code}"
name = { nl = "Werkgroep ${code}", en = "Tutorial ${code}" }
ects = 0
components = [{ kind = "tutorial", sections = [
  { key = "T1", capacity = ${seats}, meetings = [
    { day = "sat", start = "19:00", end = "20:00", weeks = "6", place = "A1" }] },
  { key = "T2", capacity = ${seats}, meetings = [
    { day = "sun", start = "19:00", end = "20:00", weeks = "6", place = "A1" }] }] }]
`;
/** One tutorial group, of one seat. */
const scarce = (code) => course(code, 1).replace(/,\s+\{ key = "T2"[\s\S]*?\}\] \}/, '');
const CATALOGUE = `term = "2026-2"\n${course('ZZ-0001', 5)}${scarce('ZZ-0002')}${scarce('ZZ-0003').replace('sat', 'fri')}`;
const SCARCE = 'ZZ-0002/T1';
/** Students whose armed plan asks for one seat: 53 of them. */
const CROWD = Array.from({ length: 53 }, (_, i) => `s${1_000_100 + i}`);
const PROMOTED = 50;

gatewayOfFile(QUICK, async () => {
  await gateway.registrar('catalogue', CATALOGUE);
  const courses = [{ course: 'ZZ-0002', waitlist: true }];
  await Promise.all(CROWD.map((number) => as(number, 'plan', { courses }, 'PUT')));
});

/** Over HTTP, as this student. */
async function as(number, path, body, method = 'GET') {
  const cookie = await gateway.signIn({ student: number });
  const headers = { cookie, origin: gateway.address, 'content-type': 'application/json' };
  const address = `${gateway.address}/api/${path}`;
  const answer = await fetch(address, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

/** How a student stands in the scarce course: her rank on its waitlist, 0 when she is in. */
async function rank(number) {
  const { enrolments, waitlist } = await as(number, 'enrolments');
  if (enrolments.some((e) => e.course === 'ZZ-0002')) return 0;
  return waitlist.find((w) => w.course === 'ZZ-0002')?.rank;
}

const registrar = (options) => Registrar.signIn(browser, gateway, { lang: 'en', ...options });
const student = (number, options) =>
  Student.signIn(browser, gateway, { lang: 'en', size: PHONE, student: number, ...options });

test('before: what is ready, where seats are short, whose plan cannot succeed', async () => {
  const one = await registrar({ path: '/registrar/before' });
  const { page, t } = one;
  await one.heading('before.title').waitFor();
  const checks = page.locator('.ready li');
  await checks.first().waitFor();
  const states = await checks.evaluateAll((list) => list.map((li) => li.dataset.state));
  assert.ok(states.length >= 12, states.join());
  assert.ok(states.every((s) => ['ok', 'warn', 'fail'].includes(s)));
  const demand = page.locator('section[aria-labelledby="demand"] tbody tr');
  await demand.first().waitFor();
  const short = await demand
    .locator('td:nth-child(5)')
    .evaluateAll((cells) =>
      cells.map((c) => Number(/[\d,]+/.exec(c.textContent)?.[0].replace(',', '') ?? 0)),
    );
  assert.ok(short.length > 0);
  assert.deepEqual(
    short,
    short.toSorted((a, b) => b - a),
    'sorted by shortage',
  );
  await one.heading('blockers.title').waitFor();
  const reason = page.locator('.chips .button').first();
  const filtered = page.waitForResponse((r) => /\/blockers\?.*reason=/.test(r.url()));
  await reason.click();
  const { students } = await (await filtered).json();
  assert.equal(await reason.getAttribute('aria-pressed'), 'true');
  const numbers = page.locator('section[aria-labelledby="blockers"] tbody th');
  const wanted = students.map((s) => s.student);
  const shown = async () => (await numbers.allTextContents()).map((text) => text.trim());
  await until(async () => `${await shown()}` === `${wanted}`, 'the rows of that reason alone');
  await look(page, 'registrar-1-before');
  // The list leads to a student, whose number goes into no address.
  const [number] = wanted;
  await page
    .getByRole('button', { name: t('blockers.open', { student: number }), exact: true })
    .first()
    .click();
  await one.heading('file.of', { student: number }).waitFor();
  assert.ok(!page.url().includes(number), page.url());
  await close(page);
});

test('before: opening asks, with the name of the window and the number armed', async () => {
  const one = await registrar();
  const { page, t } = one;
  const armed = (await gateway.window()).waiting;
  assert.ok(armed > 0, 'the demonstration has plans armed');
  const dialog = await one.ask(COURSES, 'open');
  await dialog.getByText(t('window.armedNow', { n: armed })).waitFor();
  const { name } = await gateway.window();
  await dialog.getByRole('heading', { name: t('window.openSure', { window: name.en }) }).waitFor();
  await look(page, 'registrar-2-open-sure');
  await one.cancel();
  assert.equal((await gateway.window()).state, 'planned', 'nothing was changed');
  await close(page);
});

// The window opens from here on.

test('during: open, pace, pause and resume, with the trace of each in the strip', async () => {
  const one = await registrar();
  const { page, t } = one;
  await one.ask(COURSES, 'pace');
  await one.fill('window.paceLabel', '500');
  await one.confirm('window.paceGo');
  await one.latest('window_pace').getByText('500').waitFor();
  await one.ask(COURSES, 'open');
  await one.fill('form.reasonFree', 'as announced');
  await one.confirm('window.go.open');
  await one.window(COURSES).getByText(t('window.state.open'), { exact: true }).waitFor();
  await one.latest('window_open').getByText('as announced').waitFor();
  await look(page, 'registrar-3-open');
  await one.ask(COURSES, 'pause');
  await one.confirm('window.go.pause');
  await one.window(COURSES).getByText(t('window.state.paused')).waitFor();
  await one.ask(COURSES, 'resume');
  await one.confirm('window.go.resume');
  await one.window(COURSES).getByText(t('window.state.open'), { exact: true }).waitFor();
  await one.latest('window_resume').waitFor();
  await until(async () => (await gateway.window()).waiting === 0, 'the line is served', 60_000);
  await close(page);
});

/** Asks for one course, and comes to its outcome. */
async function ask(one, code) {
  await one.plan([code]);
  const button = one.page.getByRole('button', { name: one.t('plan.submitNow', { n: 1 }) });
  await button.click();
  await one.go('outcomes');
  return one.decided(code);
}

/** Last on the waitlist: she stays on it. */
let last;

test('during: 50 more seats enrol 50 who wait, live in their browsers, with an entry in the log', async () => {
  const ranks = await Promise.all(CROWD.map(rank));
  assert.deepEqual(
    ranks.toSorted((a, b) => a - b),
    CROWD.map((_, i) => i),
    'one is in, and the others wait',
  );
  const ranked = (n) => CROWD[ranks.indexOf(n)];
  last = ranked(CROWD.length - 1);
  const lucky = await Promise.all([1, 25, PROMOTED].map((n) => student(ranked(n))));
  const other = await student(ranked(PROMOTED + 1), { size: DESKTOP });
  for (const { page } of [...lucky, other]) {
    await page.goto('/outcomes#ZZ-0002');
  }
  for (const her of [...lucky, other]) assert.equal(await her.decided('ZZ-0002'), 'waitlisted');
  const one = await registrar();
  const { page, t } = one;
  const dialog = await one.section(SCARCE);
  await one.fill('section.capacityLabel', `${1 + PROMOTED}`);
  await dialog.getByText(t('section.promotes', { n: PROMOTED, of: CROWD.length - 1 })).waitFor();
  await look(page, 'registrar-4-preview');
  await one.fill('form.reasonFree', 'a larger room');
  const seats = t('section.seatsN', { n: 1 + PROMOTED });
  await one.confirm('section.capacityGoPromote', { seats, n: PROMOTED });
  // Nobody touches these pages: who is high enough on the waitlist is told, and is in.
  for (const her of lucky) {
    await until(
      async () => (await her.decided('ZZ-0002')) === 'enrolled',
      'she is enrolled from the waitlist',
    );
  }
  await look(lucky[0].page, 'registrar-4-promoted');
  assert.equal(await other.decided('ZZ-0002'), 'waitlisted');
  const after = await Promise.all(CROWD.map(rank));
  assert.equal(after.filter((n) => n === 0).length, 1 + PROMOTED);
  await one
    .row(SCARCE)
    .getByText(t('section.taken', { taken: 1 + PROMOTED, capacity: 1 + PROMOTED }))
    .waitFor();
  const entry = one.latest('section_capacity');
  await entry.getByText(`1 → ${1 + PROMOTED}`).waitFor();
  await entry.getByText('a larger room').waitFor();
  await one.go('log');
  const logged = page.locator('.log-table tbody tr', { hasText: SCARCE }).first();
  await logged
    .locator(':visible', { hasText: `1 → ${1 + PROMOTED}` })
    .first()
    .waitFor();
  for (const her of [...lucky, other]) await close(her.page);
  await close(page);
});

test('two registrars see each other, and who did it', async () => {
  const [one, two] = await Promise.all([registrar(), registrar({ second: true, size: PHONE })]);
  await one.section('ZZ-0001/T1');
  await two.section('ZZ-0001/T1');
  await two.fill('section.capacityLabel', '7');
  await two.dialog().getByText(two.t('section.promotesNone')).waitFor();
  await two.confirm('section.capacityGoTo', { seats: two.t('section.seatsN', { n: 7 }) });
  // The first has the same dialog open: it says that it changed under her hands.
  await one
    .dialog()
    .getByText(literally(one.t('section.seatsN', { n: 7 })))
    .first()
    .waitFor();
  await one.cancel();
  const entry = one.latest('section_capacity');
  await entry.getByText('registrar2').waitFor();
  await one
    .row('ZZ-0001/T1')
    .getByText(one.t('section.taken', { taken: 0, capacity: 7 }))
    .waitFor();
  await look(one.page, 'registrar-5-two');
  await close(one.page);
  await close(two.page);
});

test('during: a group is closed, opened and cancelled, with a reason; who is in it is told, and what fits', async () => {
  const [her, him] = [await student('s1000020'), await student('s1000025', { lang: 'nl' })];
  assert.equal(await ask(her, 'ZZ-0001'), 'enrolled');
  assert.equal(await ask(him, 'ZZ-0001'), 'enrolled');
  const { sections } = (await her.api('/api/enrolments')).enrolments.find(
    (e) => e.course === 'ZZ-0001',
  );
  const one = await registrar({ size: PHONE });
  const { t } = one;
  for (const [to, word] of [
    ['closed', 'closed'],
    ['open', 'open'],
    ['cancelled', 'cancelled'],
  ]) {
    const dialog = await one.section(sections[0]);
    await dialog.getByRole('button', { name: literally(t(`section.do.${to}`)) }).click();
    await one.fill(to === 'open' ? 'form.reasonFree' : 'form.reason', 'the teacher is ill');
    if (to === 'cancelled') await look(one.page, 'registrar-6-cancel');
    await one.confirm(`section.do.${to}`);
    await one
      .row(sections[0])
      .getByText(t(`section.is.${word}`))
      .and(one.page.locator(':visible'))
      .first()
      .waitFor();
  }
  // Her card says it without a touch of hers, and offers what fits instead.
  const card = her.outcome('ZZ-0001');
  await card.getByText(her.t('outcome.cancelled')).waitFor();
  await him.outcome('ZZ-0001').getByText(him.t('outcome.cancelled')).waitFor();
  const other = sections[0].endsWith('T1') ? 'T2' : 'T1';
  const alternative = card.locator('.alternatives').getByRole('button').filter({ hasText: other });
  await alternative.waitFor();
  await him.outcome('ZZ-0001').locator('.alternatives').getByRole('button').first().waitFor();
  await look(her.page, 'registrar-6-cancelled-en');
  await look(him.page, 'registrar-6-cancelled-nl');
  await her.go('messages');
  await her.page
    .getByText(/the teacher is ill/)
    .first()
    .waitFor();
  // One tap, and she sits in the other group.
  await her.go('outcomes');
  await alternative.click();
  await until(async () => {
    const { enrolments } = await her.api('/api/enrolments');
    return enrolments.some((e) => e.sections.join() === `ZZ-0001/${other}`);
  }, 'she has the other group');
  await card.getByText(her.t('outcome.cancelled')).waitFor({ state: 'detached' });
  assert.equal(await card.locator('.alternatives').count(), 0);
  await close(her.page);
  await close(him.page);
  await close(one.page);
});

test('during: one student is helped, over capacity too, and reads why', async () => {
  const her = await student('s1000021');
  await her.plan([]);
  await her.go('outcomes');
  const one = await registrar({ path: '/registrar/student' });
  const { page, t } = one;
  await one.look('s1000021');
  // Enrolled in a full group.
  await one
    .part('enrolments')
    .getByRole('button', { name: t('file.enrol') })
    .click();
  await one.fill('place.course', 'ZZ-0002');
  await one.dialog().locator('#component-0').waitFor();
  await one.fill('form.reason', 'promised by the dean');
  await one
    .dialog()
    .getByRole('button', { name: t('place.enrolGo'), exact: true })
    .click();
  await one.dialog().getByText(t('refusal.full')).waitFor();
  await look(page, 'registrar-7-refused');
  await one.dialog().getByText(t('place.over')).click();
  await one.confirm('place.enrolGo');
  const seat = page.locator('[data-enrolment="ZZ-0002"]');
  await seat.waitFor();
  assert.equal(await her.decided('ZZ-0002'), 'enrolled', 'her own page shows it at once');
  // Moved inside another course.
  await one
    .part('enrolments')
    .getByRole('button', { name: t('file.enrol') })
    .click();
  await one.fill('place.course', 'ZZ-0003');
  await one.dialog().locator('#component-0').waitFor();
  await one.fill('form.reason', 'so that she graduates');
  await one.confirm('place.enrolGo');
  await page.locator('[data-enrolment="ZZ-0003"]').waitFor();
  // Taken off again.
  await seat
    .getByRole('button', { name: literally(t('file.drop')) })
    .last()
    .click();
  await one.fill('form.reason', 'by her own wish');
  await one.confirm('file.dropGo');
  await seat.waitFor({ state: 'detached' });
  // Her own page shows that she was taken off.
  await her.outcome('ZZ-0002').waitFor({ state: 'detached' });
  // Blocked, and the block lifted.
  await one
    .part('blocks')
    .getByRole('button', { name: t('block.add'), exact: true })
    .click();
  await one.fill('block.code', 'TUITION');
  await one.fill('form.reason', 'the fee has not been paid');
  await one.confirm('block.go');
  await page.locator('[data-block="TUITION"]').waitFor();
  await look(page, 'registrar-8-file');
  await page.getByRole('button', { name: `${t('block.lift')}: TUITION`, exact: true }).click();
  await one.fill('form.reason', 'paid');
  await one.confirm('block.lift');
  await page.locator('[data-block="TUITION"]').waitFor({ state: 'detached' });
  await her.go('messages');
  for (const why of ['promised by the dean', 'by her own wish', 'the fee has not been paid']) {
    await her.page.getByText(literally(why)).first().waitFor();
  }
  // What the registrar did stands in her file as that.
  const line = page.locator('[data-outcome="ZZ-0002"]', { hasText: t('via.registrar') });
  await line.first().waitFor();
  assert.ok(!page.url().includes('s1000021'), 'her number is in no address');
  await close(her.page);
  await close(page, /status of 409/);
});

test('during: a move to another group of the course', async () => {
  const her = await student('s1000022');
  assert.equal(await ask(her, 'ZZ-0001'), 'enrolled');
  const one = await registrar({ path: '/registrar/student', size: PHONE });
  const { page, t } = one;
  await gateway.registrar('sections/status', {
    section: 'ZZ-0001/T1',
    status: 'open',
    reason: 'x',
  });
  await gateway.registrar('sections/status', {
    section: 'ZZ-0001/T2',
    status: 'open',
    reason: 'x',
  });
  await one.look('s1000022');
  const seat = page.locator('[data-enrolment="ZZ-0001"]');
  const before = await seat.textContent();
  await seat
    .getByRole('button', { name: literally(t('file.move')) })
    .first()
    .click();
  const select = one.dialog().locator('#component-0');
  await select.waitFor();
  await one.fill('form.reason', 'a clash at work');
  await one
    .dialog()
    .getByRole('button', { name: t('place.moveGo'), exact: true })
    .click();
  await one.dialog().getByText(t('fault.sameSections')).first().waitFor();
  const own = await select.inputValue();
  await select.selectOption(own.endsWith('T1') ? 'ZZ-0001/T2' : 'ZZ-0001/T1');
  await one.confirm('place.moveGo');
  await until(async () => (await seat.textContent()) !== before, 'she has the other group');
  await close(her.page);
  await close(page);
});

test('why an outcome came out as it did', async () => {
  const one = await registrar({ path: '/registrar/student' });
  const { page, t } = one;
  await one.look(last);
  const line = page.locator('[data-outcome="ZZ-0002"]').last();
  await line.getByRole('button', { name: literally('ZZ-0002') }).click();
  await line.locator('.why').waitFor({ timeout: 30_000 });
  await line.locator('[data-step="seats"][data-state="stopped"]').waitFor();
  await line.getByText(t('step.seats.stopped')).waitFor();
  await look(page, 'registrar-9-why');
  await close(page);
});

test('an announcement stands on every open page, in its reader’s language', async () => {
  const [her, him] = await Promise.all([
    student('s1000023'),
    student('s1000024', { lang: 'nl', size: DESKTOP }),
  ]);
  const one = await registrar({ path: '/registrar/announcement', size: PHONE });
  const { page, t } = one;
  await one.fill('announce.nl', 'Om 14.00 gaan we verder.');
  await one.fill('announce.en', 'We go on at 14:00.');
  await page.getByRole('button', { name: t('announce.show') }).click();
  await one.dialog().getByText('We go on at 14:00.').waitFor();
  await look(page, 'registrar-10-announcement');
  await one.confirm('announce.send');
  await her.page.getByText('We go on at 14:00.').waitFor();
  await him.page.getByText('Om 14.00 gaan we verder.').waitFor();
  await look(her.page, 'registrar-11-announced');
  await her.page.locator('.announcement').getByRole('button').click();
  await her.page.getByText('We go on at 14:00.').waitFor({ state: 'detached' });
  await one.go('log');
  await page.locator('.log-table').getByText(t('action.announcement')).first().waitFor();
  for (const { page: other } of [her, him, one]) await close(other);
});

test('after: closed for good, and everything can be taken away as a file', async () => {
  const one = await registrar();
  const { page, t } = one;
  await one.ask(COURSES, 'close');
  await one.fill('form.reasonFree', 'the end of the day');
  await one.confirm('window.go.close');
  await one.window(COURSES).getByText(t('window.state.closed')).waitFor();
  await one.latest('window_close').waitFor();
  await look(page, 'registrar-12-closed');
  await one.go('log');
  const addresses = await page
    .locator('.files a')
    .evaluateAll((links) => links.map((a) => a.getAttribute('href')));
  assert.equal(addresses.length, 6);
  for (const address of addresses) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator(`.files a[href="${address}"]`).click(),
    ]);
    assert.equal(await download.failure(), null, address);
  }
  const csv = await (await page.request.get('/api/admin/audit.csv')).text();
  for (const action of ['window_open', 'section_capacity', 'student_enrol', 'window_close']) {
    assert.ok(csv.includes(`,${action},`), action);
  }
  assert.match(csv, /registrar2/);
  await page.getByLabel(t('log.action'), { exact: true }).selectOption('student_drop');
  const shown = page.locator('.log-table tbody tr');
  await until(async () => (await shown.count()) === 1, 'one entry is left');
  await look(page, 'registrar-13-log');
  await close(page);
});
