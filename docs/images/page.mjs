// Makes the README's pictures from the real page and a gateway of its own: the study map, the
// line, the outcomes and the timetable, on a phone and on a desktop, 15 seconds of arming, the
// line and the outcomes as an animated WebP, and the registrar's board while a line is served.
// After `cargo build` and `npm ci` in web/ and tests/web/, with Debian's packages `chromium` and
// `webp`:
//
//     node docs/images/page.mjs [students|board]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { launch, newPage, PHONE } from '../../tests/web/support/browser.mjs';
import { COURSES, Gateway } from '../../tests/web/support/gateway.mjs';
import { Registrar } from '../../tests/web/support/registrar.mjs';
import { intoLine, Student, until } from '../../tests/web/support/student.mjs';

const PLAN = ['RW-1210', 'RW-1220', 'RW-1230', 'RW-1240', 'WB-1230'];
const DESKTOP = { width: 1000, height: 844 };
const FRAME_MS = 125;
const QUALITY = '75';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const browser = await launch();
const gateway = await Gateway.start({ SLUIS__LINE__POSITION_PUSH_MS: '100' });
const only = process.argv[2];
if (only !== 'board') {
  await stills();
  await capture();
}
if (only !== 'students') await board();
await gateway.stop();
await browser.close();

async function stills() {
  const phone = await Student.signIn(browser, gateway, { size: PHONE, lang: 'en' });
  await phone.plan(PLAN);
  const desktop = new Student(await newPage(browser, gateway.address, { size: DESKTOP, lang: 'en' }), 'en');
  await desktop.page.goto('/');
  await desktop.enter('s1000001');
  for (const one of [phone, desktop]) {
    await one.planItem(PLAN[0]).locator('button[aria-expanded]').click();
    await one.search('');
  }
  await sheet('study-map.png', [phone, desktop]);
  await phone.go('opening');
  await desktop.go('opening');
  await intoLine(gateway, phone, 300);
  await gateway.pace(15);
  await sleep(6000);
  await sheet('line.png', [phone, desktop]);
  await gateway.pace(2000);
  for (const one of [phone, desktop]) await one.go('outcomes');
  await phone.decided(PLAN.at(-1));
  await sheet('outcomes.png', [phone, desktop]);
  for (const one of [phone, desktop]) {
    await one.go('timetable');
    await one.page.locator('.block').first().waitFor();
    await one.page.getByRole('combobox').selectOption({ index: 1 });
  }
  await sheet('timetable.png', [phone, desktop]);
  for (const one of [phone, desktop]) await one.page.context().close();
}

/** A line that is served for a while, and what two registrars did meanwhile. */
async function board() {
  await gateway.pace(12);
  await gateway.reset(3).catch(() => gateway.schedule(3));
  await until(async () => (await gateway.window()).state === 'open', 'the opening');
  const options = { lang: 'en', size: { width: 1440, height: 1500 } };
  const desktop = await Registrar.signIn(browser, gateway, options);
  const phone = await Registrar.signIn(browser, gateway, {
    lang: 'en',
    size: { width: PHONE.width, height: 1500 },
    second: true,
  });
  await sleep(20_000);
  const busiest = await desktop.page.locator('.sections-table tbody tr').first();
  const section = await busiest.getAttribute('data-section');
  const dialog = await phone.section(section);
  const seats = Number(await dialog.locator('#capacity').inputValue()) + 15;
  await phone.fill('section.capacityLabel', `${seats}`);
  await phone.fill('form.reasonFree', 'a larger room');
  await dialog.getByRole('button', { name: new RegExp(`^Change to ${seats}`) }).click();
  await dialog.waitFor({ state: 'detached' });
  await phone.fill('section.find', '');
  await desktop.ask(COURSES, 'pace');
  await desktop.fill('window.paceLabel', '15');
  await desktop.fill('form.reasonFree', 'the journal keeps up easily');
  await desktop.confirm('window.paceGo');
  await sleep(5000);
  for (const [{ page }, name] of [
    [desktop, 'board.png'],
    [phone, 'board-phone.png'],
  ]) {
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: file(name) });
    await page.context().close();
  }
}

/** The pages side by side, as they are on the screen. */
async function sheet(name, students) {
  const shots = [];
  for (const { page } of students) {
    await page.evaluate(() => scrollTo(0, 0));
    shots.push(await page.screenshot());
  }
  const page = await browser.newPage({ viewport: { width: 1510, height: 924 } });
  const images = shots.map((png) => `<img src="data:image/png;base64,${png.toString('base64')}">`);
  await page.setContent(`<style>
    body { margin: 0; padding: 40px; display: flex; gap: 40px; background: #dfe6e6; }
    img { height: 844px; border-radius: 14px; box-shadow: 0 6px 24px #0003; }
  </style>${images.join('')}`);
  await page.locator('img').last().evaluate((image) => image.decode());
  await page.screenshot({ path: file(name) });
  await page.close();
}

/** Frames of a phone, as often as they can be taken, each with how long it stood. */
async function film(page, what) {
  const frames = [];
  let done = false;
  const roll = (async () => {
    while (!done) {
      const at = Date.now();
      frames.push({ at, png: await page.screenshot() });
      await sleep(Math.max(0, FRAME_MS - (Date.now() - at)));
    }
  })();
  await what();
  done = true;
  await roll;
  return frames;
}

async function capture() {
  const one = await Student.signIn(browser, gateway, { size: PHONE, lang: 'en' });
  await one.go('opening');
  let frames;
  for (let place = 0; place < 60 || place > 450; ) {
    await gateway.pace(60);
    await gateway.reset(6);
    const arm = one.page.locator('.window').first().getByRole('button', { name: one.t('plan.arm') });
    await arm.waitFor();
    frames = await film(one.page, async () => {
      await sleep(1200);
      await one.arm();
      await one.inLine().waitFor();
      place = await until(() => one.place(), 'a place in line');
      if (place < 60 || place > 450) return;
      await gateway.pace(Math.ceil(place / 5)); // five seconds of line
      await one.inLine().waitFor({ state: 'detached' });
      await one.go('outcomes');
      await sleep(2500);
    });
  }
  write(frames);
  await one.page.context().close();
}

function write(frames) {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-frames-'));
  const args = ['-loop', '0', '-min_size', '-lossy', '-q', QUALITY];
  for (const [i, { at, png }] of frames.entries()) {
    const path = join(folder, `${String(i).padStart(4, '0')}.png`);
    writeFileSync(path, png);
    const stands = (frames[i + 1]?.at ?? at + 2000) - at;
    args.push('-d', `${stands}`, path);
  }
  execFileSync('img2webp', [...args, '-o', file('registration.webp')]);
  rmSync(folder, { recursive: true });
}
