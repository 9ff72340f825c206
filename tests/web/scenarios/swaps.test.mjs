// Giving a place for another, and taking back what was given up.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { accessible, close, DESKTOP, look, newPage, PHONE, pictured } from '../support/browser.mjs';
import { COURSES } from '../support/gateway.mjs';
import { browser, gateway, gatewayOfFile } from '../support/stage.mjs';
import { Student, until } from '../support/student.mjs';

gatewayOfFile({}, async () => {
  await gateway.registrar('catalogue', CATALOGUE);
  await gateway.pace(10_000);
  await gateway.open();
  await until(async () => (await gateway.window()).waiting === 0, 'the line is empty', 60_000);
});

const course = (code, name, seats, hour) => `
[[courses]]
code = "${code}"
name = { nl = "${name}", en = "${name}" }
ects = 5
components = [{ kind = "tutorial", sections = [
  { key = "T1", capacity = ${seats}, meetings = [{ day = "sat", start = "${hour}:00", end = "${hour + 1}:00" }] },
  { key = "T2", capacity = ${seats}, meetings = [{ day = "sun", start = "${hour}:00", end = "${hour + 1}:00" }] },
] }]
`;
const CATALOGUE = `term = "2026-2"
${course('YY-0001', 'Sterrenkunde', 9, 10)}${course('YY-0002', 'Weerkunde', 9, 10)}`;

/** In her plan and decided, so that she has it. */
async function enrolled(one, code) {
  await one.plan([code]);
  const { page, t } = one;
  await page.getByRole('button', { name: t('plan.submitNow', { n: 1 }) }).click();
  await one.go('outcomes');
  assert.equal(await one.decided(code), 'enrolled');
}

const press = (one, code, key) =>
  one
    .outcome(code)
    .getByRole('button', { name: one.t(key), exact: true })
    .click();

async function drop(one, code) {
  await press(one, code, 'card.drop');
  const ask = one.page.getByRole('dialog');
  await ask.getByRole('button', { name: one.t('card.drop'), exact: true }).click();
  await one.outcome(code).getByText(one.t('outcome.dropped')).first().waitFor();
}

test('what was dropped can be taken back after a reload, with the same group', async () => {
  const one = await Student.signIn(browser, gateway, { student: 's1000001', size: PHONE });
  const { page } = one;
  await pictured(page, 'undo', async () => {
    await enrolled(one, 'YY-0001');
    const seats = async () =>
      (await one.api('/api/enrolments')).enrolments.find((e) => e.course === 'YY-0001')?.sections;
    const before = await seats();
    await drop(one, 'YY-0001');
    await page.reload();
    const undo = one.outcome('YY-0001').getByRole('button', { name: one.t('card.undo') });
    await undo.waitFor();
    await look(page, 'swaps-1-undo');
    await undo.click();
    await until(async () => (await seats())?.length === 1, 'the seat is hers again');
    assert.deepEqual(await seats(), before);
    await undo.waitFor({ state: 'detached' });
    // Dropped where this page knows nothing of it: what it kept is not of that drop.
    const elsewhere = new Student(await signedIn('s1000001'));
    await elsewhere.page.goto('/outcomes');
    await elsewhere.heading('outcomes.title').waitFor();
    await drop(elsewhere, 'YY-0001');
    await one.outcome('YY-0001').getByText(one.t('outcome.dropped')).first().waitFor();
    assert.equal(await undo.count(), 0);
    await close(elsewhere.page);
  });
  await close(page);
});

/** A page of its own of a student who is signed in. */
async function signedIn(student) {
  const cookie = await gateway.signIn({ student });
  const page = await newPage(browser, gateway.address);
  const [name, value] = /^(.*?)=(.*)$/.exec(cookie).slice(1);
  await page.context().addCookies([{ name, value, url: gateway.address }]);
  return page;
}

test('a swap says which course was given for which, here, in another tab and in the messages', async () => {
  const one = await Student.signIn(browser, gateway, { student: 's1000020', lang: 'en' });
  const { page } = one;
  await pictured(page, 'swap-names', async () => {
    await one.plan([]);
    await drop_all(one);
    await enrolled(one, 'YY-0001');
    const tab = new Student(await page.context().newPage(), 'en');
    await tab.page.goto('/outcomes');
    await tab.outcome('YY-0001').waitFor();
    const words = { gave: 'Sterrenkunde', course: 'Weerkunde' };
    await swapFor(one, 'YY-0001', 'YY-0002');
    await tab.outcome('YY-0002').waitFor();
    assert.equal(await tab.decided('YY-0002'), 'enrolled');
    const given = tab.outcome('YY-0001');
    await given.getByText(tab.t('exchange.gone', { course: 'Weerkunde' })).waitFor();
    await given.getByText(tab.t('outcome.dropped'), { exact: true }).waitFor();
    assert.equal(await given.getByText(tab.t('outcome.enrolled'), { exact: true }).count(), 0);
    await one.go('messages');
    await page.getByText(one.t('swap.course', words)).first().waitFor();
    await look(page, 'swaps-2-message');
    const { messages } = await one.api('/api/messages');
    const [newest] = messages;
    assert.deepEqual(
      [newest.kind, newest.course, newest.instead_of],
      ['enrolled', 'YY-0002', 'YY-0001'],
    );
    await one.go('outcomes');
    await swapGroup(one, 'YY-0002', 'T2');
    await one.go('messages');
    const changed = /^Changed groups in Weerkunde: you are now in tutorial T2/;
    await page.locator('.message').getByText(changed).first().waitFor();
  });
  await close(page);
});

/** Whatever the demonstration gave her is given back, so that nothing is over a limit. */
async function drop_all(one) {
  const { enrolments } = await one.api('/api/enrolments');
  if (!enrolments.length) return;
  await one.go('outcomes');
  for (const { course: code } of enrolments) await drop(one, code);
  await one.go('plan');
}

/** By the socket: what another course is offered depends on her programme. */
async function swapFor(one, from, to) {
  await one.page.evaluate(
    async ([from, to]) => {
      const socket = new WebSocket(`ws://${location.host}/ws`);
      const say = (message) => socket.send(JSON.stringify(message));
      await new Promise((done) => {
        socket.onopen = () => say({ type: 'hello', protocol: 1 });
        socket.onmessage = (e) => {
          const { type } = JSON.parse(e.data);
          if (type === 'welcome') {
            const id = '00000000-0000-7000-8000-00000000abcd';
            say({ type: 'swap', id, from, to: { course: to, choices: [['YY-0002/T1']] } });
          }
          if (type === 'outcomes' || type === 'error') done();
        };
      });
      socket.close();
    },
    [from, to],
  );
}

async function swapGroup(one, code, group) {
  const { page, t } = one;
  await press(one, code, 'card.swap');
  const dialog = page.getByRole('dialog');
  await dialog.locator('.option', { hasText: group }).first().click();
  await dialog.getByRole('button', { name: t('card.swapDo'), exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await one.outcome(code).getByText(` ${group}`).first().waitFor();
}

test('while others are in line a swap waits, and says so where she looks for it', async () => {
  const one = await Student.signIn(browser, gateway, { student: 's1000021', size: DESKTOP });
  const { page } = one;
  await pictured(page, 'swap-held', async () => {
    await one.plan([]);
    await drop_all(one);
    await enrolled(one, 'YY-0001');
    const rivals = await others(40, 9);
    await stand(rivals);
    await press(one, 'YY-0001', 'card.swap');
    const dialog = page.getByRole('dialog');
    const held = dialog.getByText(one.pattern('exchange.held'));
    await held.waitFor();
    await dialog.locator('.option', { hasText: 'T2' }).first().click();
    const go = dialog.getByRole('button', { name: one.t('card.swapDo'), exact: true });
    assert.equal(await go.getAttribute('aria-disabled'), 'true');
    await look(page, 'swaps-3-held');
    await serve();
    await held.waitFor({ state: 'detached' });
    assert.equal(await go.getAttribute('aria-disabled'), null);
    await go.click();
    await one.outcome('YY-0001').getByText(' T2').first().waitFor();
    await leave(rivals);
  });
  await close(page);
});

/** Others who are signed in, on a page that asks for nothing. */
async function others(from, n) {
  const pages = [];
  for (let i = 0; i < n; i++) {
    const page = await signedIn(`s${1_000_000 + from + i}`);
    await page.goto('/accessibility.html', { waitUntil: 'commit' });
    pages.push(page);
  }
  return pages;
}

/** Each asks for a course, and nobody is served: a line that stands. */
async function stand(pages) {
  await gateway.pace(1);
  await gateway.registrar(`windows/${COURSES}/pause`);
  await ask(pages);
}

/** The line is served, all at once. */
async function serve() {
  await gateway.pace(10_000);
  await gateway.registrar(`windows/${COURSES}/resume`);
}

const ask = (pages) =>
  Promise.all(
    pages.map((page) =>
      page.evaluate(async (window) => {
        const socket = new WebSocket(`ws://${location.host}/ws`);
        const say = (message) => socket.send(JSON.stringify(message));
        await new Promise((done) => {
          socket.onopen = () => say({ type: 'hello', protocol: 1 });
          socket.onmessage = (e) => {
            if (JSON.parse(e.data).type !== 'welcome') return done();
            const id = crypto.randomUUID();
            const courses = [{ course: 'YY-0002', choices: [], waitlist: true }];
            return say({ type: 'submit', id, window, courses });
          };
        });
      }, COURSES),
    ),
  );

const leave = (pages) => Promise.all(pages.map((page) => close(page)));

test('in line herself she reads why she cannot swap yet', async () => {
  const one = await Student.signIn(browser, gateway, { student: 's1000028', size: PHONE });
  const { page } = one;
  await pictured(page, 'swap-line', async () => {
    await one.plan([]);
    await drop_all(one);
    await enrolled(one, 'YY-0001');
    const rivals = await others(60, 9);
    await one.go('plan');
    await one.add('YY-0002');
    await one.saved();
    await stand(rivals);
    await page.getByRole('button', { name: one.t('plan.submitNow', { n: 1 }) }).click();
    await one.go('outcomes');
    await one.outcome('YY-0001').getByText(one.t('exchange.line')).waitFor();
    const swap = one.outcome('YY-0001').getByRole('button', { name: one.t('card.swap') });
    assert.equal(await swap.count(), 0);
    await accessible(page, 'in line, and no swap');
    await serve();
    await leave(rivals);
  });
  await close(page);
});
