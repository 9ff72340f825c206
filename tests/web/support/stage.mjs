// What nearly every scenario needs: a browser for its file, a gateway for the file or for each
// scenario, and a student with her page; all of it is cleaned up, whatever becomes of the scenario.
import { after, afterEach, before, beforeEach } from 'node:test';
import { close, launch, PHONE, pictured } from './browser.mjs';
import { Gateway } from './gateway.mjs';
import { Student } from './student.mjs';

/** A place in line is told so often that a scenario sees it fall. */
export const QUICK = { SLUIS__LINE__POSITION_PUSH_MS: '100' };

/** The one browser of this file's scenarios, from before the first until after the last. */
export let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** The gateway that stands, of those who asked for one below. */
export let gateway;

async function stand(env, own) {
  gateway = await Gateway.start(env, own);
}

async function fall() {
  const standing = gateway;
  gateway = undefined;
  await standing?.stop();
}

/** One gateway for all scenarios of the file; `prepare` is done once it stands. */
export function gatewayOfFile(env = {}, prepare = undefined) {
  before(async () => {
    await stand(env);
    await prepare?.();
  });
  after(fall);
}

/** A gateway for each scenario of the file. */
export function gatewayOfEach(env = {}) {
  beforeEach(() => stand(env));
  afterEach(fall);
}

/** Another in its place, with what it is to serve; see `Gateway.start`. */
export async function gatewayInstead(env, own) {
  await fall();
  await stand(env, own);
}

/** A gateway for as long as this takes. */
export async function withGateway(env, what) {
  const one = await Gateway.start(env);
  try {
    await what(one);
  } finally {
    await one.stop();
  }
}

/** A student at a gateway, on a phone unless `options` say otherwise, which are those of
 * `Student.signIn`; `allowed`: what the page may complain of. When it fails there is a picture. */
async function visit(at, name, { allowed, ...options }, what) {
  const one = await Student.signIn(browser, at, { size: PHONE, ...options });
  try {
    await pictured(one.page, name, () => what(one, at));
  } catch (e) {
    await one.page.context().close();
    throw e;
  }
  await close(one.page, allowed);
}

/** A scenario of one student at the gateway that stands. */
export const visitor = (name, options, what) => visit(gateway, name, options, what);

/** A scenario of one student at a gateway of its own, with settings `env`; `catalogue`: courses
 * beside those of the demo university. `what` is given the student and the gateway. */
export const scenario = (name, { env, catalogue, ...options }, what) =>
  withGateway({ ...QUICK, ...env }, async (own) => {
    if (catalogue) await own.registrar('catalogue', catalogue);
    await visit(own, name, options, what);
  });
