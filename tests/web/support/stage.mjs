// What nearly every scenario needs: a browser for its file, and for itself a gateway and a student
// with her page, all of which is cleaned up whatever becomes of it.
import { after, before } from 'node:test';
import { close, launch, PHONE, pictured } from './browser.mjs';
import { Gateway } from './gateway.mjs';
import { Student } from './student.mjs';

/** So often a place in line is told, so that a scenario sees it fall. */
const QUICK = { SLUIS__LINE__POSITION_PUSH_MS: '100' };

/** One browser for all scenarios of a file: launched before the first, closed after the last. Gives
 * a function that gives it. */
export function browserOfFile() {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  return () => browser;
}

/** Gives what plays a scenario: `name` for its picture, options, and what she does.
 *
 * Options: `env`, settings of the gateway; `own`, files in place of the demo university; `catalogue`,
 * courses beside those of the demo; `allowed`, what the page may complain of; all others are those of
 * `Student.signIn`. On a phone, unless they say otherwise. */
export function stage(defaults = {}) {
  const browser = browserOfFile();
  return async (name, options, what) => {
    const { env, own, catalogue, allowed, ...page } = { ...defaults, ...options };
    const gateway = await Gateway.start({ ...QUICK, ...env }, own);
    try {
      if (catalogue) await gateway.registrar('catalogue', catalogue);
      const one = await Student.signIn(browser(), gateway, { size: PHONE, ...page });
      try {
        await pictured(one.page, name, () => what(one, gateway, browser()));
      } catch (e) {
        await one.page.context().close();
        throw e;
      }
      await close(one.page, allowed);
    } finally {
      await gateway.stop();
    }
  };
}
