// Debian's Chromium, with pages that note every fault of theirs.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1440, height: 900 };

/** Where the pictures go: not into the repository. */
const SHOTS = fileURLToPath(new URL('../../../target/web-shots/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** A page that was built apart (`npm run build` in web/), in place of the program's own: so that a
 * change to it is tried without compiling the gateway. */
const DIST = process.env.SLUIS_PAGE_DIST;

export const launch = (more = []) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // A document that a test hands over does not count as one of this machine.
      ...(DIST ? ['--disable-features=LocalNetworkAccessChecks'] : []),
      ...more,
    ],
  });

/** What a browser says by itself when the network is gone; a test says when it may. */
export const NO_NETWORK =
  /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_|ERR_NETWORK|WebSocket connection/;
/** What it says of an answer of 401. */
export const NOT_SIGNED_IN = /status of 401|WebSocket connection/;
/** What it says of an answer of 404. */
export const NOT_FOUND = /status of 404/;

const KINDS = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

async function builtApart(context) {
  await context.route(/^https?:[^?#]*/, async (route) => {
    const { pathname } = new URL(route.request().url());
    const path = join(DIST, pathname);
    const kind = KINDS[pathname.split('.').at(-1)];
    if (kind && existsSync(path)) return route.fulfill({ path, contentType: kind });
    if (route.request().resourceType() !== 'document') return route.continue();
    const response = await route.fetch({ maxRedirects: 0 });
    const own = response.headers()['content-security-policy'] && !/^\/plain|\.html$/.test(pathname);
    return route.fulfill({ response, ...(own && { path: join(DIST, 'index.html') }) });
  });
}

/** A page in a browser profile of its own. `lang`, `theme`, `size`, `motion` as the matrix has them;
 * `context`: more of what Playwright gives a profile. */
export async function newPage(browser, address, options = {}) {
  const { lang = 'nl', theme = 'light', size = DESKTOP, motion = 'no-preference' } = options;
  const context = await browser.newContext({
    baseURL: address,
    viewport: size,
    locale: lang === 'nl' ? 'nl-NL' : 'en-GB',
    timezoneId: 'Europe/Amsterdam',
    colorScheme: theme,
    reducedMotion: motion,
    hasTouch: size === PHONE,
    javaScriptEnabled: options.script ?? true,
    ...options.context,
  });
  context.setDefaultTimeout(15_000);
  context.faults = [];
  context.on('page', watch); // any further tab too
  if (DIST) await builtApart(context);
  return context.newPage();
}

/** Errors on the console, exceptions, and violations of the content security policy. */
function watch(page) {
  const { faults } = page.context();
  page.on('console', (m) => {
    if (m.type() === 'error' || /Content Security Policy/.test(m.text())) faults.push(m.text());
  });
  page.on('pageerror', (e) => faults.push(`${e}`));
}

/** Closes the page; anything it complained of fails the test, but for what `allowed` matches. */
export async function close(page, allowed) {
  const context = page.context();
  await context.close();
  const faults = context.faults.filter((f) => !allowed?.test(f));
  if (faults.length) throw new Error(`the page complained:\n${faults.join('\n')}`);
}

/** What axe-core found in each view and state, told when the scenarios of a file are over. */
const results = [];
process.on('exit', () => {
  if (!results.length) return;
  const broken = results.filter((r) => r.violations);
  const each = results.map(
    (r) => `  ${r.violations} violations, ${r.passes} rules kept: ${r.name}`,
  );
  const sum = `axe-core: ${results.length} views and states, ${broken.length} with a violation`;
  console.log([sum, ...each].join('\n'));
});

/** Notes every violation of the rules in `TAGS`, by axe-core, as a fault of the page. */
export async function accessible(page, name) {
  // Colours are compared when nothing moves.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((a) => a.finished.catch(() => 0))),
  );
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(
    (values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values } }),
    TAGS,
  );
  results.push({ name, violations: violations.length, passes: passes.length });
  if (!violations.length) return;
  const told = violations.flatMap((v) =>
    v.nodes.map((n) => `${v.id}: ${n.target} ${n.html.slice(0, 160)}\n    ${n.failureSummary}`),
  );
  page.context().faults.push(`${name} is not accessible:\n${told.join('\n')}`);
}

export async function shot(page, name, options = {}) {
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}${name}.png`, fullPage: true, ...options });
}

/** Checks a view and takes its picture. */
export async function look(page, name) {
  await shot(page, name);
  await accessible(page, name);
}

/** Does it; when it fails, a picture shows what the page looked like. */
export async function pictured(page, name, what) {
  try {
    await what();
  } catch (e) {
    const said = page.context().faults.join('\n');
    await shot(page, `failed-${name}`).catch(() => undefined);
    throw new Error(`${name}${said && `, where the page complained:\n${said}\n`}`, { cause: e });
  }
}
