// Makes docs/images/line.png from a running demo: a student's place in line, on a phone and on a
// desktop, as the page itself shows it. In a directory of your own, not in the repository:
//
//     npm install playwright-core
//     node REPOSITORY/docs/images/line.mjs http://127.0.0.1:8080 [FILE]
//
// The gateway must be the demo (`sluis serve --fresh`). CHROMIUM names the browser (default
// /usr/bin/chromium). The line is run again until the student's lot is far enough back.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { chromium } = createRequire(`${process.cwd()}/`)('playwright-core');
const [address, file = fileURLToPath(new URL('line.png', import.meta.url))] = process.argv.slice(2);
if (!address) {
  console.error('usage: node line.mjs ADDRESS [FILE]');
  process.exit(2);
}
const WINDOW = '2026-2-courses';
const STUDENT = 's1000001';
const COURSES = ['RW-1210', 'RW-1220', 'RW-1230', 'RW-1240', 'RW-1250', 'WB-1230'];
const PLACE_MIN = 120; // nearer the front, the line is over before it can be seen to move
const RUNS_MAX = 6;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
});

async function open(width, height, deviceScaleFactor = 1.5) {
  const context = await browser.newContext({
    viewport: { width, height }, deviceScaleFactor, locale: 'en-GB', colorScheme: 'light',
  });
  const page = await context.newPage();
  await page.goto(address);
  return page;
}

const post = (page, path, body) => page.evaluate(async ([url, json]) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(json) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}, [path, body]);

async function student(width, height) {
  const page = await open(width, height);
  await post(page, '/api/sign-in', { student: STUDENT });
  await page.reload();
  await page.waitForSelector('#q');
  return page;
}

async function plan(page) {
  for (const code of COURSES) {
    if (await page.locator(`.plan-list [data-course="${code}"]`).count()) continue;
    await page.fill('#q', code);
    await page.locator(`.course[data-course="${code}"] button`).first().click();
    await page.waitForSelector(`.plan-list [data-course="${code}"]`);
  }
}

async function place(page) {
  await page.click('nav a[href="/opening"]');
  await page.locator('.chamber .primary').first().click();
  await page.waitForSelector('progress', { timeout: 90_000 });
  return Number((await page.locator('.big').first().innerText()).match(/\d+/)[0]);
}

const registrar = await open(800, 600);
await post(registrar, '/api/sign-in', { role: 'registrar' });
const phone = await student(390, 844);
const desktop = await student(1000, 844);
await plan(phone);
await desktop.click('nav a[href="/opening"]');
for (let run = 1; ; run++) {
  const { windows } = await registrar.evaluate(async () => (await fetch('/api/windows')).json());
  if (windows.find((w) => w.key === WINDOW).state !== 'planned') {
    await post(registrar, `/api/admin/windows/${WINDOW}/reset`, { opens_in_s: 30 });
    await phone.waitForSelector('.chamber .primary');
  }
  const at = await place(phone);
  console.log(`run ${run}: place ${at}`);
  if (at >= PLACE_MIN) break;
  if (run === RUNS_MAX) throw new Error('the lot was near the front each time; run this again');
  await phone.waitForSelector('progress', { state: 'detached', timeout: 60_000 });
}
await phone.waitForTimeout(4000);
for (const page of [phone, desktop]) await page.evaluate(() => scrollTo(0, 0));
const shots = await Promise.all([phone, desktop].map((page) => page.screenshot()));

const sheet = await open(1510, 924, 1);
const url = (png) => `data:image/png;base64,${png.toString('base64')}`;
await sheet.goto('about:blank');
await sheet.setContent(`<style>
  body { margin: 0; padding: 40px; display: flex; gap: 40px; background: #dfe6e6; }
  img { height: 844px; border-radius: 14px; box-shadow: 0 6px 24px #0003; }
</style>${shots.map((png) => `<img src="${url(png)}">`).join('')}`);
await sheet.waitForTimeout(300);
await sheet.screenshot({ path: file, fullPage: true });
await browser.close();
console.log(file);
