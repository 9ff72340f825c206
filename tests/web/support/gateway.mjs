// A gateway of the test's own: the program as built, its demo university, a data directory that
// goes away with it.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM =
  process.env.SLUIS_PROGRAM ??
  fileURLToPath(new URL('../../../target/debug/sluis', import.meta.url));
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 30_000;

export const COURSES = '2026-2-courses';

/** So long after a start the window opens by itself: later than any scenario takes. */
const OPENS_S = 3600;
/** Tries of a start on a port that another program may have taken in the meantime. */
const TRIES = 5;

/** Gateways that run: whatever becomes of the tests, none outlives them. */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
// So ends a file of tests that takes too long.
process.once('SIGTERM', () => process.exit(143));

export class Gateway {
  #process;
  #log = '';
  #cookie;

  /** Starts with the demo university, whose window opens long after the scenario, unless that opens
   * it; `env` holds settings as SLUIS__SECTION__KEY. `own`: files that are imported in place of the
   * demo university, by kind. */
  static async start(env = {}, own = undefined) {
    const gateway = new Gateway();
    gateway.dir = await mkdtemp(join(tmpdir(), 'sluis-page-'));
    gateway.env = env;
    try {
      for (const [kind, file] of Object.entries(own ?? {})) await gateway.#import(kind, file);
      await gateway.#run();
      if (!own) await gateway.schedule(OPENS_S);
    } catch (e) {
      await gateway.stop();
      throw e;
    }
    return gateway;
  }

  /** At a port that the system gives; once it has one, there again. */
  async #run() {
    for (let n = 1; ; n++) {
      try {
        return await this.#try();
      } catch (e) {
        await this.#end('SIGKILL');
        if (n === TRIES || !/address already in use/i.test(this.#log)) throw e;
        await sleep(200 * n);
      }
    }
  }

  async #try() {
    const data = join(this.dir, 'data');
    const env = {
      ...process.env,
      SLUIS__JOURNAL__DIR: data,
      SLUIS__SERVER__LISTEN: `127.0.0.1:${this.port ?? 0}`,
      SLUIS__METRICS__LISTEN: '127.0.0.1:0',
      SLUIS__SERVER__WORKERS: '2',
      SLUIS__LOG__LEVEL: 'warn',
      ...this.env,
    };
    this.#log = '';
    const child = spawn(PROGRAM, ['serve'], { cwd: this.dir, env });
    this.#process = child;
    running.add(child);
    this.ended = new Promise((resolve) => {
      child.once('error', (e) => {
        this.#log += e;
        resolve();
      });
      child.once('close', resolve); // and all of its log is here
    });
    this.ended.then(() => running.delete(child));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        this.#log += text;
      });
    }
    const deadline = Date.now() + START_MS_MAX;
    while (Date.now() < deadline && running.has(child)) {
      // Written when it answers, and taken away when another has left it behind.
      const note = await readFile(join(data, 'serving.json'), 'utf8').catch(() => null);
      const address = note && JSON.parse(note).url;
      const ready = address && (await fetch(`${address}/readyz`).catch(() => null));
      if (ready?.ok) {
        this.address = address;
        this.port = Number(new URL(address).port);
        return;
      }
      await sleep(50);
    }
    throw new Error(`the gateway does not start:\n${this.#log}`);
  }

  async #import(kind, text) {
    const file = join(this.dir, kind);
    await writeFile(file, text);
    const args = [kind, 'import', file, '--data', join(this.dir, 'data')];
    await promisify(execFile)(PROGRAM, args, { cwd: this.dir });
  }

  async #end(signal) {
    if (running.has(this.#process)) this.#process.kill(signal);
    await this.ended;
  }

  /** As a power cut would end it. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** Again, with the same data on the same port. */
  async again() {
    await this.#run();
  }

  /** Stopped and started with these settings too, on the same data. */
  async restarted(env) {
    await this.#end('SIGTERM');
    Object.assign(this.env, env);
    await this.#run();
  }

  async stop() {
    const slow = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS_MAX);
    await this.#end('SIGTERM');
    clearTimeout(slow);
    await rm(this.dir, { recursive: true, force: true });
  }

  /** A sign-in token that is good for so many minutes. */
  async token(student, minutes) {
    const args = ['token', '--student', student, '--ttl', `${minutes}`];
    args.push('--data', join(this.dir, 'data'));
    const { stdout } = await promisify(execFile)(PROGRAM, args, { cwd: this.dir });
    return stdout.trim();
  }

  async #post(path, body, cookie) {
    const headers = { 'content-type': 'application/json', origin: this.address };
    if (cookie) headers.cookie = cookie;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    if (typeof body === 'string') headers['content-type'] = 'application/toml';
    const answer = await fetch(this.address + path, { method: 'POST', headers, body: text });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  async signIn(who) {
    const answer = await this.#post('/api/sign-in', who);
    return answer.headers.getSetCookie()[0].split(';')[0];
  }

  /** Over HTTP, as the registrar. */
  async registrar(path, body = {}) {
    this.#cookie ??= await this.signIn({ role: 'registrar' });
    return this.#post(`/api/admin/${path}`, body, this.#cookie);
  }

  async window(key = COURSES) {
    this.#cookie ??= await this.signIn({ role: 'registrar' });
    const headers = { cookie: this.#cookie };
    const answer = await fetch(`${this.address}/api/admin/windows`, { headers });
    return (await answer.json()).windows.find((w) => w.key === key);
  }

  schedule(seconds) {
    const opens_at = Date.now() + seconds * 1000;
    return this.registrar(`windows/${COURSES}/schedule`, { opens_at, closes_at: null });
  }

  pace(pace) {
    return this.registrar(`windows/${COURSES}/pace`, { pace });
  }

  open() {
    return this.registrar(`windows/${COURSES}/open`);
  }

  reset(opens_in_s) {
    return this.registrar(`windows/${COURSES}/reset`, { opens_in_s });
  }
}
