// What she can keep, find again and count: the copy of her outcomes, the tab's icon, the filters of
// her messages, and how old what she sees is while there is no connection.
import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { DESKTOP, look, NO_NETWORK, shot } from '../support/browser.mjs';
import { COURSES } from '../support/gateway.mjs';
import { scenario as play } from '../support/stage.mjs';
import { intoLine, until } from '../support/student.mjs';

const lecture = (code, day, seats) => `
[[courses]]
code = "${code}"
name = { nl = "Vak ${code}", en = "Course ${code}" }
ects = 1
components = [{ kind = "lecture", sections = [{ key = "H1", capacity = ${seats}, meetings = [
  { day = "${day}", start = "19:00", end = "20:30", weeks = "6", place = "A1" }] }] }]
`;
/** Whatever the demo's students have: the first has seats, the second has none. */
const HAS = 'KK-0001';
const FULL = 'KK-0002';
const PLAN = [HAS, FULL];
const CATALOGUE = `term = "2026-2"\n${lecture(HAS, 'sat', 900)}${lecture(FULL, 'sun', 0)}`;

const scenario = (name, options, what) => play(name, { catalogue: CATALOGUE, ...options }, what);

/** Registration without a line, and both courses decided. */
async function decided(one, gateway) {
  await gateway.pace(10_000);
  await gateway.open();
  await until(async () => (await gateway.window()).waiting === 0, 'the line is over', 60_000);
  await one.plan(PLAN);
  await one.button('plan.submitNow', { n: PLAN.length }).click();
  await one.go('outcomes');
  assert.equal(await one.decided(HAS), 'enrolled');
  assert.equal(await one.decided(FULL), 'waitlisted');
}

/** A moment in the words of the page, to the second. */
const stamp = (one, ms) =>
  one.page.evaluate(
    (at) =>
      new Intl.DateTimeFormat(document.documentElement.lang === 'nl' ? 'nl-NL' : 'en-GB', {
        day: 'numeric',
        month: 'short',
        year: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      }).format(at),
    ms,
  );

/** What a copy has to say of each course, from what the gateway has. */
async function wanted(one) {
  const { outcomes } = await one.api('/api/outcomes');
  return Promise.all(
    PLAN.map(async (code) => {
      const { journal, at } = outcomes.find((o) => o.course === code);
      return {
        code,
        receipt: one.t('card.receipt', { n: `${journal}` }),
        at: await stamp(one, at),
      };
    }),
  );
}

for (const lang of ['nl', 'en']) {
  test(`the copy to keep has each outcome, its time and its receipt: ${lang}`, () =>
    scenario(`copy-${lang}`, { lang }, async (one, gateway) => {
      const { page, t } = one;
      await decided(one, gateway);
      await page.reload(); // what she keeps is what the gateway has
      await one.decided(FULL);
      const waiting = page.waitForEvent('download');
      await one.button('copy.download').click();
      const file = await waiting;
      assert.match(
        file.suggestedFilename(),
        new RegExp(`^${t('copy.file')}-\\d{4}-\\d\\d-\\d\\d\\.txt$`),
      );
      const text = await readFile(await file.path(), 'utf8');
      const lines = text.trimEnd().split('\n');
      assert.ok(lines[0].includes(t('outcomes.title')), lines[0]);
      assert.ok(lines.includes(t('copy.student', { student: 's1000001' })), text);
      assert.equal(lines.at(-1), t('copy.final'), 'whose word decides');
      const parts = text.split('\n\n');
      for (const { code, receipt, at } of await wanted(one)) {
        const part = parts.find((p) => p.startsWith(`${nameOf(lang, code)} (${code})`));
        assert.ok(part, `${code} is in the copy:\n${text}`);
        assert.ok(part.includes(receipt), part);
        assert.ok(part.includes(t('copy.decided', { time: at })), part);
      }
      assert.match(
        parts.find((p) => p.includes(HAS)),
        /19\.00–20\.30/,
        'and when it meets',
      );
      const waits = parts.find((p) => p.includes(FULL));
      assert.ok(
        waits.includes(`${t('outcome.waitlisted')}, ${t('outcome.rank', { n: 1 })}`),
        waits,
      );
    }));
}

const nameOf = (lang, code) => (lang === 'nl' ? `Vak ${code}` : `Course ${code}`);

const DARKEST = 100; // of 255: ink on paper

test('printed it is ink on paper, with her number, the moment, and nothing to press', () =>
  scenario('print', { size: DESKTOP, theme: 'dark' }, async (one, gateway) => {
    const { page, t } = one;
    await decided(one, gateway);
    await page.evaluate(() => {
      globalThis.printed = 0;
      globalThis.print = () => {
        globalThis.printed += 1;
      };
    });
    await one.button('copy.print').click();
    assert.equal(await page.evaluate(() => globalThis.printed), 1);
    await page.emulateMedia({ media: 'print' });
    const number = page.getByText(t('copy.student', { student: 's1000001' }));
    await number.waitFor();
    await shot(page, 'kept-2-print');
    // biome-ignore lint/performance/useDomNodeTextContent: only what is seen on paper counts
    const text = await page.locator('body').innerText();
    for (const { code, receipt, at } of await wanted(one)) {
      for (const part of [code, receipt, at])
        assert.ok(text.includes(part), `${part} in:\n${text}`);
    }
    assert.ok(text.includes(t('copy.final')));
    const seen = page.locator('button, a, nav, header, footer').and(page.locator(':visible'));
    assert.deepEqual(await seen.allTextContents(), [], 'nothing to press on paper');
    const ink = await page
      .locator('.outcome h2')
      .first()
      .evaluate((e) => getComputedStyle(e).color);
    const [red, green, blue] = ink.match(/\d+/g).map(Number);
    assert.ok(Math.max(red, green, blue) < DARKEST, `${ink} on paper, where she reads in the dark`);
    // However long the page has stood, it says when it was printed.
    const made = page.getByText(one.pattern('copy.made'));
    const first = await made.textContent();
    await until(async () => (await made.textContent()) !== first, 'a later moment');
    assert.ok((await page.pdf()).length > 1000);
  }));

/** The text in the tab's icon, `''` where it is the plain one; it must be a picture that can be drawn. */
const icon = (page) =>
  page.evaluate(async () => {
    const { href } = document.querySelector('link[rel="icon"]');
    const picture = new Image();
    picture.src = href;
    await picture.decode();
    if (!href.startsWith('data:')) return '';
    const svg = decodeURIComponent(href.slice(href.indexOf(',') + 1));
    return new DOMParser().parseFromString(svg, 'image/svg+xml').querySelector('text').textContent;
  });

const showsIcon = (page, text) =>
  until(async () => (await icon(page)) === text, `"${text}" in the tab’s icon`);

test('the tab’s icon counts her news, shows her place while she is in line, and is plain again', () =>
  scenario('icon', {}, async (one, gateway) => {
    const { page } = one;
    const news = async () => (await one.api('/api/messages')).unread;
    const shows = async () => {
      const n = await news();
      await showsIcon(page, n === 0 ? '' : n > 9 ? '9+' : `${n}`);
      return n;
    };
    const before = await shows();
    await one.plan(PLAN);
    await one.go('opening');
    await intoLine(gateway, one, 60);
    await gateway.registrar(`windows/${COURSES}/pause`);
    await one.words('opening.paused').waitFor();
    const place = await one.place();
    await showsIcon(page, `${place}`);
    await one.button('line.leave').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: one.t('line.leave'), exact: true }).click();
    await one.inLine().waitFor({ state: 'detached' });
    const after = await shows();
    assert.ok(after > before, `that it was paused is news: ${before} became ${after}`);
    await until(async () => (await page.title()).startsWith(`(${after}) `), 'as in the title');
    for (let n = after; n <= 9; n += 2) {
      await gateway.registrar(`windows/${COURSES}/resume`);
      await gateway.registrar(`windows/${COURSES}/pause`);
    }
    await showsIcon(page, '9+');
    await one.go('messages');
    await one.button('messages.markRead').click();
    await showsIcon(page, '');
    await gateway.registrar(`windows/${COURSES}/resume`);
    await showsIcon(page, '1');
    await page.setViewportSize(DESKTOP);
    await one.button('app.signOut').click();
    await one.heading('signIn.lead').waitFor();
    await showsIcon(page, '');
  }));

/** What a message is about, written once more and apart from the page's own. */
const KINDS = {
  outcomes: ['enrolled', 'waitlisted', 'refused', 'dropped'],
  windows: ['window_opened', 'window_paused', 'window_resumed'],
  sections: ['section_cancelled', 'section_closed', 'section_opened', 'section_reopened'],
};

test('the messages can be narrowed to what they are about, and to those that are new', () =>
  scenario('filters', { lang: 'en' }, async (one, gateway) => {
    const { page, t } = one;
    await decided(one, gateway);
    await gateway.registrar(`windows/${COURSES}/pause`);
    await gateway.registrar('sections/status', {
      section: `${HAS}/H1`,
      status: 'cancelled',
      reason: 'the room is flooded',
    });
    await one.go('messages');
    const { messages } = await one.api('/api/messages');
    const chip = (name) => page.getByRole('button', { name, exact: true });
    const list = page.locator('.message');
    const count = (n) => until(async () => (await list.count()) === n, `${n} messages`);
    await count(messages.length);
    for (const [topic, kinds] of Object.entries(KINDS)) {
      const own = messages.filter((m) => kinds.includes(m.kind));
      assert.ok(own.length > 0 && own.length < messages.length, `${topic}: ${own.length}`);
      await chip(t(`topic.${topic}`)).click();
      await count(own.length);
      const times = list.locator('time');
      const shown = await times.evaluateAll((all) => all.map((e) => e.dateTime));
      assert.deepEqual(
        shown,
        own.map((m) => new Date(m.at).toISOString()),
        topic,
      );
      await page
        .getByRole('status')
        .getByText(t('messages.shown', { n: own.length }))
        .waitFor({
          state: 'attached',
        });
      const pressed = page.locator('.chips [aria-pressed="true"]');
      assert.deepEqual(await pressed.allTextContents(), [t(`topic.${topic}`)]);
    }
    await look(page, 'kept-4-filtered');
    // What comes meanwhile is filtered too.
    await chip(t('topic.windows')).click();
    const windows = await list.count();
    await gateway.registrar(`windows/${COURSES}/resume`);
    await count(windows + 1);
    await one.button('messages.markRead').click();
    await chip(t('show.unread')).click();
    await count(0);
    await page.getByText(t('messages.shown', { n: 0 })).waitFor();
    await gateway.registrar(`windows/${COURSES}/pause`);
    await count(1);
    await chip(t('show.all')).click();
    await count(messages.length + 2);
  }));

test('without a connection the banner says from when this is, and its age grows', () =>
  scenario('age', { allowed: NO_NETWORK }, async (one, gateway) => {
    const { page, t } = one;
    const banner = page.locator(`section[aria-label="${t('lost.title')}"]`);
    const clock = (ms) =>
      page.evaluate(
        (at) => new Intl.DateTimeFormat('nl-NL', { timeStyle: 'medium' }).format(at),
        ms,
      );
    const asked = Date.now();
    await gateway.registrar(`windows/${COURSES}/schedule`, {
      opens_at: asked + 1_800_000,
      closes_at: null,
    });
    await one.go('opening');
    // Told, and shown: from then on is nothing older.
    await page
      .getByText(/^29:|^30:00/)
      .first()
      .waitFor();
    assert.equal(await banner.count(), 0);
    await page.context().setOffline(true);
    await banner.waitFor();
    const lost = Date.now();
    const [before, after] = t('lost.age', { time: '\0', age: '\0' }).split('\0');
    const told = new RegExp(`${before}(\\d+:\\d\\d:\\d\\d)${after}(\\d+) `);
    const read = async () => told.exec(await banner.textContent());
    const [, time, seconds] = await read();
    const moments = [];
    for (let at = asked - 1000; at <= lost; at += 1000) moments.push(await clock(at));
    assert.ok(moments.includes(time), `${time} is none of ${moments}`);
    assert.ok(Number(seconds) <= (lost - asked) / 1000 + 1, `${seconds} s`);
    await until(async () => Number((await read())[2]) >= Number(seconds) + 3, 'an age that grows');
    assert.equal((await read())[1], time, 'the moment stays, the age grows');
    await look(page, 'kept-5-age');
    await page.context().setOffline(false);
    await banner.waitFor({ state: 'detached' });
  }));
