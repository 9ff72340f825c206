// A student with her page: what she does, in the words of the page.
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { newPage } from './browser.mjs';
import { COURSES } from './gateway.mjs';
import { patternOf, textsOf } from './texts.mjs';

/** Rechtsgeleerdheid, year 1: the one of the showcase who is not armed by the demo. */
export const VISITOR = 's1000001';

export class Student {
  /** Signs in by the page's own form. */
  static async signIn(browser, gateway, options = {}) {
    const student = new Student(await newPage(browser, gateway.address, options), options.lang);
    await student.page.goto('/');
    await student.enter(options.student ?? VISITOR);
    return student;
  }

  constructor(page, lang = 'nl') {
    this.page = page;
    this.lang = lang;
    this.t = textsOf(lang);
  }

  pattern(key) {
    return patternOf(this.lang, key);
  }

  async enter(number) {
    await this.page.getByLabel(this.t('signIn.number')).fill(number);
    await this.button('signIn.go').click();
    await this.known();
  }

  /** The study map, with what the gateway knows of her. */
  async known() {
    await this.heading('plan.title').waitFor();
    await this.page.locator('.summary').waitFor();
  }

  heading(key, params) {
    return this.page.getByRole('heading', { name: this.t(key, params), exact: true }).first();
  }

  button(key, params) {
    return this.page.getByRole('button', { name: this.t(key, params), exact: true });
  }

  words(key, params) {
    return this.page.getByText(this.t(key, params)).first();
  }

  /** To a view by the navigation, as a thumb does. */
  async go(view, title) {
    const name = new RegExp(`^${this.t(`nav.${view}`)}`); // a badge may follow
    const link = this.page.getByRole('link', { name }).and(this.page.locator(':visible'));
    await link.first().click();
    await this.heading(title ?? `${view}.title`).waitFor();
  }

  planItem(code) {
    return this.page.locator(`.plan-list [data-course="${code}"]`);
  }

  async search(words) {
    await this.page.getByRole('searchbox').fill(words);
  }

  async add(code) {
    if (await this.planItem(code).count()) return;
    await this.search(code);
    const found = this.page.locator(`.search [data-course="${code}"]`);
    await found.getByRole('button').click();
    await this.planItem(code).waitFor();
  }

  saved() {
    return this.page.getByText(this.t('plan.saved'), { exact: true }).waitFor();
  }

  /** The plan is these courses, in this order, and the gateway has it. */
  async plan(codes) {
    for (const code of await this.ranked()) {
      if (codes.includes(code)) continue;
      await this.planItem(code).getByRole('button').last().click();
      await this.planItem(code).waitFor({ state: 'detached' });
    }
    for (const code of codes) await this.add(code);
    if (codes.length) await this.saved();
    else await this.words('plan.empty').waitFor();
  }

  ranked() {
    return this.page
      .locator('.plan-list > li')
      .evaluateAll((items) => items.map((item) => item.dataset.course));
  }

  async arm() {
    await this.page
      .locator('.window')
      .first()
      .getByRole('button', { name: this.t('plan.arm') })
      .click();
    await this.words('opening.armed').waitFor();
  }

  inLine() {
    return this.page.getByText(this.t('line.title'), { exact: true }).first();
  }

  /** Her place in the line for courses as the page says it; `null`: it says none. */
  async place() {
    const figure = this.page.locator(`[data-place="${COURSES}"]`);
    // It may go between the two.
    const text =
      (await figure.count()) && (await figure.textContent({ timeout: 500 }).catch(() => 0));
    return text ? Number(text.replace(/\D/g, '')) || null : null;
  }

  outcome(code) {
    return this.page.locator(`.outcome[data-course="${code}"]`);
  }

  /** Waits until the page says how a course was decided. */
  async decided(code) {
    const keys = ['outcome.enrolled', 'outcome.waitlisted', 'outcome.refused'];
    const card = this.outcome(code);
    const words = keys.map((key) => this.t(key));
    const mark = card
      .locator('.mark')
      .filter({ hasText: new RegExp(words.join('|')) })
      .first();
    await mark.waitFor({ timeout: 60_000 });
    const text = await mark.textContent();
    // The longest first: "niet ingeschreven" holds "ingeschreven".
    const found = ['refused', 'waitlisted', 'enrolled'].find((kind) =>
      text.toLowerCase().includes(this.t(`outcome.${kind}`).toLowerCase()),
    );
    assert.ok(found, text);
    return found;
  }

  /** Her plan as the gateway has it. */
  async plannedCourses() {
    return (await this.api('/api/plan')).courses;
  }

  /** JSON of the gateway, with her cookie. */
  api(path) {
    return this.page.evaluate(async (url) => (await fetch(url)).json(), path);
  }
}

/** Waits until `test` holds. */
export async function until(test, what, ms = 15_000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await sleep(50);
  }
}

/** Open, and in line behind all of the demo's students: it lasts for minutes. */
export async function lastInLine(gateway, student) {
  await gateway.pace(1);
  await gateway.open();
  await student.button('plan.submitNow', { n: (await student.plannedCourses()).length }).click();
  await student.inLine().waitFor();
  return until(() => student.place(), 'a place in line');
}

/** Most of the demo's students, who are armed again after a reset. */
const CROWD = 500;

/** Armed, then open, at a pace of one a second: in line, so far back that it lasts `least` seconds. */
export async function intoLine(gateway, student, least = 60) {
  await gateway.pace(1);
  for (;;) {
    // Nothing opens by itself while she presses the button.
    await gateway.reset(3600);
    await student.words('opening.in').waitFor();
    await student.arm();
    await until(async () => (await gateway.window()).waiting > CROWD, 'the others are armed');
    await gateway.open();
    // Who is drawn first is decided before she can be seen in line: then it is drawn again.
    const decided = student.words('opening.nothing');
    const place = await until(
      async () => ((await decided.count()) ? -1 : student.place()),
      'a place in line',
      20_000,
    );
    if (place >= least) {
      await student.inLine().waitFor();
      return place;
    }
  }
}
