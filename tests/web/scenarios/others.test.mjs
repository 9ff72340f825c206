// Rivals, keyboards, narrow screens, and what should not be there.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  accessible,
  close,
  DESKTOP,
  launch,
  look,
  NOT_SIGNED_IN,
  newPage,
  PHONE,
  pictured,
} from '../support/browser.mjs';
import { browser, gateway, gatewayOfFile, QUICK } from '../support/stage.mjs';
import { intoLine, Student, until } from '../support/student.mjs';
import { textsOf } from '../support/texts.mjs';

/** Made first, so that little is left to wait when a test wants one that has expired. */
let shortLived;
gatewayOfFile(QUICK, async () => {
  await gateway.registrar('catalogue', CATALOGUE);
  shortLived = { token: await gateway.token('s1000010', 1), until: Date.now() + 61_000 };
});

const EVIL = '<img src=x onerror="document.title=1"><script>alert(1)</script>';
const LONG = 'Onuitspreekbaarlangevaknaam'.repeat(7).slice(0, 180);
const course = (code, name, seats) => `
[[courses]]
code = "${code}"
name = { nl = '${name}', en = '${name}' }
ects = 1
components = [{ kind = "lecture", sections = [{ key = "H1", capacity = ${seats}, meetings = [
  { day = "sat", start = "19:00", end = "20:00", weeks = "6", place = '<b>${'z'.repeat(60)}' }] }] }]
`;
const CATALOGUE = `term = "2026-2"\n${course('XX-0001', EVIL, 9)}${course('XX-0002', LONG, 9)}
${course('XX-0003', 'Eén plaats', 1)}`;

const student = (options) => Student.signIn(browser, gateway, options);

test('a device that is signed out elsewhere is at the door at once', async () => {
  const one = await student({ student: 's1000011' });
  const cookie = await gateway.signIn({ student: 's1000011' });
  const headers = { cookie, origin: gateway.address };
  const answer = await fetch(`${gateway.address}/api/devices`, { method: 'DELETE', headers });
  assert.ok(answer.ok, `${answer.status}`);
  await one.heading('signIn.lead').waitFor();
  await close(one.page, NOT_SIGNED_IN);
});

test('a forged deep link shows the door or says that there is no such page', async () => {
  const page = await newPage(browser, gateway.address, { size: PHONE });
  const t = textsOf('nl');
  await page.goto('/registrar?as=registrar#admin');
  await page.getByRole('heading', { name: t('signIn.lead') }).waitFor();
  const answer = await page.request.get('/outcomes/../../etc/passwd%00');
  assert.equal(answer.status(), 404);
  const one = new Student(page);
  await page.goto('/');
  await one.enter('s1000012');
  await page.goto('/registrar');
  await one.heading('app.notFound').waitFor();
  await accessible(page, 'a forged deep link');
  await page.goto('/outcomes?course=<script>alert(1)</script>');
  await one.heading('outcomes.title').waitFor();
  await close(page);
});

test('a server of another protocol version: the page says that it is old, and stops', async () => {
  const page = await newPage(browser, gateway.address, { size: PHONE });
  let sockets = 0;
  await page.routeWebSocket(/\/ws$/, (socket) => {
    sockets += 1;
    const server = socket.connectToServer();
    // The gateway itself refuses: it hears a page of another version.
    socket.onMessage((text) => server.send(text.replace(/"protocol":\d+/, '"protocol":9999')));
  });
  const one = new Student(page);
  await page.goto('/');
  await page.getByLabel(one.t('signIn.number')).fill('s1000013');
  await one.button('signIn.go').click();
  await one.words('lost.old').waitFor();
  await one.words('lost.nothing').waitFor();
  assert.equal(await one.words('app.loading').count(), 0, 'nothing is on its way');
  const plain = page.getByRole('link', { name: one.t('lost.plain') });
  assert.match(await plain.getAttribute('href'), /^\/plain\?lang=nl$/);
  await look(page, 'others-2-old-version');
  await page.waitForTimeout(2000);
  assert.equal(sockets, 1, 'it does not come back only to be refused again');
  await close(page);
});

test('a course with markup or an absurd length in its name is only text, and stays inside', async () => {
  const one = await student({ student: 's1000014', size: PHONE });
  const { page } = one;
  await one.search('XX-000');
  await page.locator('.search [data-course="XX-0001"]').waitFor();
  assert.equal(await page.locator('.search img').count(), 0);
  await page.getByText(EVIL).first().waitFor();
  await one.add('XX-0001');
  await one.add('XX-0002');
  await one.saved();
  await look(page, 'others-3-absurd-names');
  assert.equal(await overflow(page), 0, 'the page is wider than the screen');
  assert.notEqual(await page.title(), '1');
  await close(page);
});

/** How many pixels the page is wider than the screen. */
const overflow = (page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });

/** What reaches over the right edge, for the message. */
const beyond = (page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const wide = [...document.querySelectorAll('body *')].filter(
      (e) => e.getBoundingClientRect().right > width + 0.5,
    );
    return wide.map((e) => `${e.localName}.${e.className}`).join(', ');
  });

const rootText = (page) => page.evaluate(() => getComputedStyle(document.documentElement).fontSize);

const VIEWS = ['plan', 'opening', 'outcomes', 'timetable', 'messages', 'results', 'account'];
// Reflow (1.4.10) at 320 pixels; text of twice the size (1.4.4), on a phone and on a desktop.
for (const [width, pixels] of [
  [320, 16],
  [390, 32],
  [1280, 32],
]) {
  test(`${width} pixels wide, with text of ${pixels}, every view fits in the width`, async () => {
    // As set in the browser's own preferences: media queries in rem follow it.
    const own = await launch([`--blink-settings=defaultFontSize=${pixels}`]);
    try {
      await everyViewFits(own, width, pixels);
    } finally {
      await own.close();
    }
  });
}

async function everyViewFits(own, width, pixels) {
  const options = { student: 's1000001', size: { width, height: 720 } };
  const one = await Student.signIn(own, gateway, options);
  const { page } = one;
  await one.plan(['RW-1210', 'RW-1220', 'WB-1230']);
  for (const view of VIEWS) {
    await one.go(view);
    assert.equal(await rootText(page), `${pixels}px`);
    await look(page, `others-4-${width}-${pixels}-${view}`);
    assert.equal(await overflow(page), 0, `${view} is too wide: ${await beyond(page)}`);
  }
  await close(page);
}

test('without JavaScript: the way there, who she is, the other language, no refresh', async () => {
  const cookie = await gateway.signIn({ student: 's1000015' });
  const page = await newPage(browser, gateway.address, { size: PHONE, script: false });
  await page.goto('/');
  await page.getByRole('link', { name: /zonder JavaScript/ }).click();
  await page.getByRole('heading', { name: 'Je bent niet aangemeld' }).waitFor();
  const [name, value] = /^(.*?)=(.*)$/.exec(cookie).slice(1);
  await page.context().addCookies([{ name, value, url: gateway.address }]);
  const answer = await page.goto('/plain?lang=en');
  assert.match(
    answer.headers()['content-security-policy'],
    /^default-src 'none'; style-src 'self'/,
  );
  const headers = { cookie };
  const sent = await fetch(`${gateway.address}/plain`, { headers }); // the browser keeps it back
  assert.ok(Number(sent.headers.get('refresh')) >= 10);
  await page.getByRole('heading', { name: 'Course registration, semester 2' }).waitFor();
  await page.getByText('Your plan is armed.').first().waitFor();
  await page.getByRole('link', { name: 'Stop refreshing' }).click();
  await page.getByRole('link', { name: 'Refresh' }).waitFor();
  await close(page, NOT_SIGNED_IN);
  // axe-core itself needs JavaScript; the document is the same.
  const seen = await newPage(browser, gateway.address, { size: PHONE });
  await seen.context().addCookies([{ name, value, url: gateway.address }]);
  for (const lang of ['nl', 'en']) {
    await seen.goto(`/plain?lang=${lang}&refresh=off`);
    await look(seen, `others-5-plain-${lang}`);
    assert.equal(await overflow(seen), 0);
  }
  await close(seen);
});

test('the registrar comes in at her board, and no violation in it', async () => {
  const page = await newPage(browser, gateway.address, { size: DESKTOP, lang: 'en' });
  await page.goto('/');
  const t = textsOf('en');
  await page.getByRole('button', { name: new RegExp(t('signIn.staffWhat')) }).click();
  await page.getByRole('heading', { name: t('board.title') }).waitFor();
  await page
    .getByRole('button', { name: t('window.do.open') })
    .first()
    .waitFor();
  await look(page, 'others-6-registrar');
  await close(page);
});

test('an expired sign-in leads to the door, and the plan is still there after it', async () => {
  const one = await student({ student: 's1000010', size: PHONE });
  const { page } = one;
  const plan = await one.ranked();
  assert.ok(plan.length > 0);
  await page.waitForTimeout(Math.max(0, shortLived.until - Date.now()));
  const value = encodeURIComponent(shortLived.token);
  await page.context().addCookies([{ name: 'sluis', value, url: gateway.address }]);
  await page.goto('/timetable');
  await one.heading('signIn.lead').waitFor();
  await look(page, 'others-1-expired');
  await page.goto('/');
  await one.enter('s1000010');
  assert.deepEqual(await one.ranked(), plan);
  await close(page, NOT_SIGNED_IN);
});

// The window opens from here on.

test('by keyboard alone: add, rank, arm, answer a question', async () => {
  const one = await student({ student: 's1000001', lang: 'en' });
  const { page } = one;
  await one.plan([]);
  await pictured(page, 'keyboard', () => byKeyboard(one));
  await close(page);
});

/** Tabs on until the focus is on what `test` looks for. */
async function tabTo(page, role, name) {
  for (let i = 0; i < 150; i++) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate(() => {
      const e = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(e);
      const shown = outlineStyle !== 'none' && outlineWidth !== '0px';
      return { name: e.getAttribute('aria-label') ?? e.textContent, tag: e.tagName, shown };
    });
    if (found.tag !== role || !name.test(found.name)) continue;
    assert.ok(found.shown, `the focus on ${found.name} can be seen`);
    return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

const literally = (text) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));

async function byKeyboard(one) {
  const { page, t } = one;
  for (const code of ['RW-1210', 'RW-1220']) {
    const { name } = await one.api(`/api/catalogue/${code}`);
    await page.locator('body').focus();
    await tabTo(page, 'BUTTON', literally(t('plan.addNamed', { course: name.en })));
    await page.keyboard.press('Enter');
    await one.planItem(code).waitFor();
  }
  await page.locator('#grip-RW-1220').waitFor();
  const [{ name }] = [await one.api('/api/catalogue/RW-1220')];
  await page.locator('.skip').focus();
  await tabTo(page, 'BUTTON', literally(t('plan.drag', { course: name.en, n: 2, of: 2 })));
  await page.keyboard.press('ArrowUp');
  await until(async () => (await one.ranked())[0] === 'RW-1220', 'the second is the first');
  const focused = () => page.evaluate(() => document.activeElement.id);
  await until(async () => (await focused()) === 'grip-RW-1220', 'the focus goes with it');
  await gateway.schedule(600);
  await page.locator('.skip').focus();
  await tabTo(page, 'A', literally(t('nav.opening')));
  await page.keyboard.press('Enter');
  await one.heading('opening.title').waitFor();
  await tabTo(page, 'BUTTON', literally(t('plan.arm')));
  await page.keyboard.press('Space');
  await one.words('opening.armed').waitFor();
  await intoLine(gateway, one);
  await page.locator('.skip').focus();
  await tabTo(page, 'BUTTON', literally(t('line.leave')));
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await accessible(page, 'a question');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await one.inLine().waitFor();
}

test('two students and one seat: one has it, the other is first on the waitlist', async () => {
  await gateway.pace(1000);
  await gateway.open(); // nothing, where it is open
  const pair = await Promise.all(['s1000016', 's1000017'].map((n) => student({ student: n })));
  await until(async () => (await gateway.window()).waiting === 0, 'the line is empty', 30_000);
  for (const one of pair) await one.plan(['XX-0003']);
  const name = (one) => one.t('plan.submitNow', { n: 1 });
  await Promise.all(pair.map((one) => one.page.getByRole('button', { name: name(one) }).click()));
  await Promise.all(pair.map((one) => one.go('outcomes')));
  const kinds = await Promise.all(pair.map((one) => one.decided('XX-0003')));
  assert.deepEqual(kinds.toSorted(), ['enrolled', 'waitlisted']);
  const loser = pair[kinds.indexOf('waitlisted')];
  const winner = pair[kinds.indexOf('enrolled')];
  await loser
    .outcome('XX-0003')
    .getByText(loser.t('outcome.rank', { n: 1 }))
    .first()
    .waitFor();
  await winner
    .outcome('XX-0003')
    .getByRole('button', { name: winner.t('card.drop') })
    .click();
  const ask = winner.page.getByRole('dialog');
  await ask.getByRole('button', { name: winner.t('card.drop'), exact: true }).click();
  await until(async () => (await loser.decided('XX-0003')) === 'enrolled', 'the seat is hers now');
  for (const one of pair) await close(one.page);
});
