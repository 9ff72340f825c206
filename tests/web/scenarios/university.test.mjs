// Signing in with the university account, at a real provider on another site than the gateway's.
import { strict as assert } from 'node:assert';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  close,
  DESKTOP,
  look,
  NOT_FOUND,
  NOT_SIGNED_IN,
  newPage,
  PHONE,
  pictured,
} from '../support/browser.mjs';
import { Provider, settings } from '../support/provider.mjs';
import { browser, gateway, gatewayOfFile } from '../support/stage.mjs';
import { Student, until } from '../support/student.mjs';
import { reads } from '../support/tree.mjs';

/** As `OIDC_FRESH_MS` in src/limits.rs. */
const FRESH_MS = 3_000;

let provider;
// The demo university's data, put in by the demonstration, then served with university accounts.
gatewayOfFile({}, async () => {
  provider = await Provider.start(gateway.address, { host: 'localhost' });
  await gateway.restarted({
    ...settings(provider.issuer),
    SLUIS__SIGN_IN__OIDC__CONTACT_NL: 'de studentendesk (desk@example.edu)',
    SLUIS__SIGN_IN__OIDC__CONTACT_EN: 'the student desk (desk@example.edu)',
  });
  await available(true);
});
after(() => provider?.stop());

const available = (wanted) =>
  until(
    async () => {
      const answer = await fetch(`${gateway.address}/api/sign-in`);
      return (await answer.json()).available === wanted;
    },
    `sign-in to be ${wanted ? '' : 'un'}available`,
  );

async function door(options = {}, path = '/') {
  const page = await newPage(browser, gateway.address, options);
  await page.goto(path);
  const student = new Student(page, options.lang);
  await student.heading('signIn.title').waitFor();
  return student;
}

const go = (student) => link(student, 'university.go');
const link = (student, key) =>
  student.page.getByRole('link', { name: student.t(key), exact: true });

/** At the provider's own page. */
async function answer(page, account) {
  await page.waitForURL(`${provider.issuer}/interaction/**`);
  await page.getByLabel('Account').fill(account);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function told(student, fault) {
  const box = student.page.locator(`[data-fault="${fault}"]`);
  await box.waitFor();
  await student.words(`university.fault.${fault}`).waitFor();
  assert.equal(new URL(student.page.url()).search, '', 'the address is as any other');
  // Whoever hears the page is at the words at once.
  await until(
    () => box.evaluate((e) => e === document.activeElement),
    'the focus on why it failed',
  );
  return box;
}

for (const [lang, theme, size] of [
  ['nl', 'light', PHONE],
  ['en', 'dark', DESKTOP],
]) {
  test(`a student signs in and out with her university account (${lang})`, async () => {
    const student = await door({ lang, theme, size }, '/timetable');
    const { page } = student;
    await pictured(page, `university-${lang}`, async () => {
      await go(student).waitFor();
      await look(page, `university-sign-in-${lang}`);
      await reads(page, 'signing in', [`1 ${student.t('signIn.title')}`]);
      await go(student).click();
      await answer(page, 'anna');
      await page.waitForURL(`${gateway.address}/timetable`);
      await student.heading('timetable.title').waitFor();
      assert.equal((await student.api('/api/me')).student, 's1000001');
      const cookies = await page.context().cookies(gateway.address);
      const names = cookies.map((c) => `${c.name} ${c.sameSite} ${c.httpOnly}`);
      assert.deepEqual(names, ['sluis Strict true'], 'the cookie of the way there is gone');

      await page.goto('/account');
      await student.button('app.signOut').and(page.locator(':visible')).first().click();
      await page.waitForURL(`${provider.issuer}/session/end**`);
      assert.ok(!page.url().includes('id_token'), page.url());
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(`${gateway.address}/`);
      await go(student).waitFor();
      // And out there too: it asks again.
      await go(student).click();
      await page.waitForURL(`${provider.issuer}/interaction/**`);
    });
    await close(page, NOT_SIGNED_IN);
  });
}

test('a registrar comes in by the same door, with a name for the audit log', async () => {
  const student = await door({ lang: 'en' });
  const { page } = student;
  await go(student).click();
  await answer(page, 'jansen');
  await student.heading('board.title').waitFor();
  assert.equal((await student.api('/api/me')).name, 'a.jansen:example.edu');
  await close(page, NOT_FOUND);
});

test('who is both becomes a student by the button and a registrar by the link', async () => {
  const student = await door({ lang: 'en' });
  const { page } = student;
  await go(student).click();
  await answer(page, 'both');
  await student.known();
  assert.equal((await student.api('/api/me')).student, 's1000003');
  await page.context().clearCookies({ name: 'sluis' });
  await page.goto('/');
  await link(student, 'university.registrar').click();
  await student.heading('board.title').waitFor();
  assert.equal((await student.api('/api/me')).name, 'b.visser:example.edu');
  await close(page, NOT_SIGNED_IN);
});

test('an operator is told that there is nothing to do here', async () => {
  const student = await door({ lang: 'en' });
  await go(student).click();
  await answer(student.page, 'operator');
  await student.heading('operator.title').waitFor();
  await look(student.page, 'university-operator');
  await close(student.page);
});

test('who is not let in is told why, whom to ask, and can use another account', async () => {
  for (const lang of ['nl', 'en']) {
    const student = await door({ lang, size: lang === 'nl' ? PHONE : DESKTOP });
    const { page } = student;
    await pictured(page, `university-faults-${lang}`, async () => {
      await go(student).click();
      await answer(page, 'nobody');
      const box = await told(student, 'unknown_student');
      const desk = lang === 'nl' ? 'de studentendesk' : 'the student desk';
      assert.match(await box.textContent(), new RegExp(`${desk} \\(desk@example\\.edu\\)`));
      await look(page, `university-unknown-${lang}`);
      // The provider would let the same account in without a word; it must ask.
      await link(student, 'university.other').click();
      await answer(page, 'elsewhere');
      await told(student, 'no_access');
      await link(student, 'university.other').click();
      await page.waitForURL(`${provider.issuer}/interaction/**`);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await told(student, 'cancelled');
      await link(student, 'university.other').click();
      await answer(page, 'bo');
      await student.known();
      await page.reload();
      await student.known();
    });
    await close(page, NOT_SIGNED_IN);
  }
});

test('a way back in another browser is no way in', async () => {
  const student = await door({ lang: 'en' });
  let back;
  student.page.on('request', (request) => {
    if (request.url().includes('/api/sign-in/return')) back = request.url();
  });
  await go(student).click();
  await answer(student.page, 'anna');
  await student.known();
  // The other is on her own way there, and is given the address of the first's way back.
  const other = await door({ lang: 'en' });
  await go(other).click();
  await other.page.waitForURL(`${provider.issuer}/interaction/**`);
  await other.page.goto(back);
  await told(other, 'stale');
  assert.equal((await other.api('/api/sign-in')).me, null);
  await close(other.page);
  await close(student.page);
});

test('the keyboard alone is enough', async () => {
  const student = await door({ lang: 'en' });
  const { page } = student;
  await go(student).waitFor();
  for (let n = 0; n < 12; n += 1) {
    await page.keyboard.press('Tab');
    if (await go(student).evaluate((e) => e === document.activeElement)) break;
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(`${provider.issuer}/interaction/**`);
  // Chromium gives the focus with a frame of its own, after the page is there.
  await page.locator('input:focus').waitFor();
  await page.keyboard.type('anna');
  await page.keyboard.press('Enter');
  await student.known();
  await close(page);
});

test('without scripts she signs in on the plain page', async () => {
  const page = await newPage(browser, gateway.address, { lang: 'en', script: false });
  await page.goto('/plain?lang=en');
  await page.getByRole('link', { name: 'Sign in with your university account' }).click();
  await answer(page, 'anna');
  await page.waitForURL(`${gateway.address}/plain`);
  await page.getByRole('heading', { name: 'Outcomes' }).waitFor();
  await close(page, NOT_SIGNED_IN);
});

test('while the provider is gone the signed-in go on, and others are told', async () => {
  const inside = await door({ lang: 'nl' });
  await go(inside).click();
  await answer(inside.page, 'bo');
  await inside.known();
  const waiting = await door({ lang: 'nl', size: PHONE });
  await provider.stop();
  // So long after a sign of life the gateway takes it that the provider is there.
  await sleep(FRESH_MS + 500);
  try {
    await go(waiting).click();
    await told(waiting, 'unavailable');
    assert.ok(waiting.page.url().startsWith(gateway.address), 'not sent to where nobody is');
    await look(waiting.page, 'university-down-nl');
    await inside.go('outcomes');
    await inside.page.reload();
    await inside.heading('outcomes.title').waitFor();
    // Whoever only opens the page is told before she tries.
    const late = await door({ lang: 'en' });
    await late.page.locator('[data-fault="unavailable"]').waitFor();
    await close(late.page);
  } finally {
    await provider.again();
  }
  await available(true);
  await go(waiting).click();
  await answer(waiting.page, 'anna');
  await waiting.known();
  await close(inside.page);
  await close(waiting.page);
});
