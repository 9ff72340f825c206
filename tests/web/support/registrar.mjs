// The registrar with the console: what she does, in the words of the page.
import { newPage } from './browser.mjs';
import { patternOf, textsOf } from './texts.mjs';

/** The console's places, with the heading of each. */
export const PLACES = {
  board: { path: '/registrar', title: 'board.title' },
  before: { path: '/registrar/before', title: 'before.title' },
  student: { path: '/registrar/student', title: 'file.title' },
  announce: { path: '/registrar/announcement', title: 'announce.title' },
  log: { path: '/registrar/log', title: 'log.title' },
};

export class Registrar {
  /** Signs in by the page's own form; `second`: as the other registrar of the demonstration. */
  static async signIn(browser, gateway, options = {}) {
    const page = await newPage(browser, gateway.address, options);
    const registrar = new Registrar(page, options.lang);
    await page.goto(options.path ?? '/');
    const about = registrar.t(options.second ? 'signIn.staffOther' : 'signIn.staffWhat');
    await page.getByRole('button', { name: literally(about) }).click();
    // The door has a heading, and a field for a student's number, too.
    await page.getByRole('button', { name: registrar.t('app.signOut'), exact: true }).waitFor();
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    return registrar;
  }

  constructor(page, lang = 'nl') {
    this.page = page;
    this.lang = lang;
    this.t = textsOf(lang);
  }

  pattern(key) {
    return patternOf(this.lang, key);
  }

  heading(key, params) {
    return this.page.getByRole('heading', { name: this.t(key, params), exact: true }).first();
  }

  /** To a place by the navigation. */
  async go(place) {
    await this.page
      .getByRole('navigation')
      .getByRole('link', { name: this.t(`console.${place}`), exact: true })
      .click();
    await this.heading(PLACES[place].title).waitFor();
  }

  window(key) {
    return this.page.locator(`.window.console[data-window="${key}"]`);
  }

  /** Opens the question of an act on a window. */
  async ask(key, act) {
    const button = this.window(key).getByRole('button', {
      name: literally(this.t(`window.do.${act}`)),
    });
    await button.click();
    return this.dialog();
  }

  dialog() {
    return this.page.getByRole('dialog');
  }

  /** Types into a field of the dialog or the form, by its label. */
  async fill(key, value) {
    await this.page.getByLabel(this.t(key), { exact: true }).fill(value);
  }

  /** Presses the button of the dialog with these words, and waits until it is gone. */
  async confirm(key, params) {
    const dialog = this.dialog();
    await dialog.getByRole('button', { name: this.t(key, params), exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  async cancel() {
    await this.page.keyboard.press('Escape');
    await this.dialog().waitFor({ state: 'detached' });
  }

  /** Finds a section on the board and opens it. */
  async section(key) {
    await this.fill('section.find', key);
    await this.row(key).waitFor();
    await this.page
      .getByRole('button', { name: this.t('section.changeNamed', { section: key }), exact: true })
      .click();
    await this.dialog().locator('#capacity').waitFor();
    return this.dialog();
  }

  row(key) {
    return this.page.locator(`tr[data-section="${key}"]`);
  }

  /** The newest entries of the strip of latest changes, as they are read. */
  latest(action) {
    return this.page.locator(`.latest li[data-action="${action}"]`).first();
  }

  /** The file of a student. */
  async look(student) {
    await this.fill('file.number', student);
    await this.page.getByRole('button', { name: this.t('file.look'), exact: true }).click();
    const shown = this.heading('file.of', { student }).waitFor();
    await shown.catch(async (e) => {
      throw new Error(`no file; the page says: ${await this.page.locator('main').textContent()}`, {
        cause: e,
      });
    });
  }

  part(name) {
    return this.page.locator(`section[aria-labelledby="file-${name}"]`);
  }
}

export const literally = (text) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
