// A gateway of the test's own: the program as built, its demo university, a data directory that
// goes away with it.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM =
  process.env.SLUIS_PROGRAM ??
  fileURLToPath(new URL('../../../target/debug/sluis', import.meta.url));
const START_MS_MAX = 30_000;

export const COURSES = '2026-2-courses';

export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export class Gateway {
  #process;
  #log = '';
  #cookie;

  /** Starts with the demo university; `env` holds settings as SLUIS__SECTION__KEY. */
  static async start(env = {}, port = undefined) {
    const gateway = new Gateway();
    gateway.dir = await mkdtemp(join(tmpdir(), 'sluis-page-'));
    gateway.port = port ?? (await freePort());
    gateway.address = `http://127.0.0.1:${gateway.port}`;
    gateway.env = env;
    await gateway.#run();
    return gateway;
  }

  async #run() {
    const env = {
      ...process.env,
      SLUIS__JOURNAL__DIR: join(this.dir, 'data'),
      SLUIS__SERVER__LISTEN: `127.0.0.1:${this.port}`,
      SLUIS__METRICS__LISTEN: '127.0.0.1:0',
      SLUIS__SERVER__WORKERS: '2',
      SLUIS__LOG__LEVEL: 'warn',
      ...this.env,
    };
    this.#process = spawn(PROGRAM, ['serve'], { cwd: this.dir, env });
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.ended = ended;
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (text) => {
        this.#log += text;
      });
    }
    const deadline = Date.now() + START_MS_MAX;
    while (Date.now() < deadline && this.#process.exitCode === null) {
      const ready = await fetch(`${this.address}/readyz`).catch(() => null);
      if (ready?.ok) return;
      await sleep(50);
    }
    throw new Error(`the gateway does not start:\n${this.#log}`);
  }

  /** As a power cut would end it. */
  async kill() {
    this.#process.kill('SIGKILL');
    await this.ended;
  }

  /** Again, with the same data on the same port. */
  async again() {
    await this.#run();
  }

  /** Stopped and started with these settings too, on the same data. */
  async restarted(env) {
    this.#process.kill('SIGTERM');
    await this.ended;
    Object.assign(this.env, env);
    await this.#run();
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM');
    }
    await this.ended;
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
