// The one connection to the gateway: it comes back by itself, and repeats what was not answered.
import { PROTOCOL, backoff, uuid7 } from './state.js';

const PING_MS = 20_000;
const WATCH_MAX = 40; // sections in one message

/** HTTP as JSON. Throws {status, code, detail, retry} when the answer is no. */
export async function http(path, body) {
  const headers = { 'accept-language': document.documentElement.lang };
  const options = body === undefined ? { headers } : {
    method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body),
  };
  let response;
  try { response = await fetch(path, options); } catch { throw { status: 0, code: 'offline' }; }
  const data = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return data;
  const retry = Number(response.headers.get('retry-after')) || 0;
  throw { status: response.status, code: data?.code ?? `http_${response.status}`, detail: data?.title ?? data?.detail, retry };
}

/** Requests on their way, one storage entry each, so that tabs do not overwrite each other. */
export function outbox(user) {
  const prefix = `sluis.out.${user}.`;
  const keys = () => Object.keys(localStorage).filter((k) => k.startsWith(prefix)).sort();
  return {
    all: () => keys().map((k) => JSON.parse(localStorage.getItem(k))),
    put: (m) => localStorage.setItem(prefix + m.id, JSON.stringify(m)),
    remove: (id) => localStorage.removeItem(prefix + id),
  };
}

export class Link {
  #socket; #timer; #ping; #probe; #n = 0; #sent = new Map(); #missed = 0; #attempt = 0; #watched = new Set();
  status = 'connecting'; lostAt = null; retryAt = null; stopped = null;

  /** `on`: message(m, sentAt), status(), pending() → requests, sequence() → last seen or 0. */
  constructor(on) {
    this.on = on;
    addEventListener('online', () => this.wake());
    addEventListener('pageshow', (e) => e.persisted && this.wake());
    document.addEventListener('visibilitychange', () => document.hidden || this.wake());
    addEventListener('offline', () => this.reconnect(0));
  }

  open() {
    clearTimeout(this.#timer);
    this.stopped = this.retryAt = null;
    this.lostAt ??= Date.now();
    this.status = 'connecting';
    const socket = this.#socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
    const current = () => socket === this.#socket;
    const late = setTimeout(() => current() && this.status !== 'open' && this.reconnect(), 10_000);
    socket.onopen = () => {
      if (!current()) return;
      const last_sequence = this.on.sequence();
      this.#send(last_sequence ? { type: 'resume', protocol: PROTOCOL, last_sequence } : { type: 'hello', protocol: PROTOCOL });
    };
    socket.onmessage = (e) => current() && this.#receive(JSON.parse(e.data));
    socket.onclose = (e) => {
      clearTimeout(late);
      if (!current()) return;
      const retry = /retry_ms=(\d+)/.exec(e.reason);
      if (e.code === 4003 || e.code === 4004 || e.code === 4005) this.#stop(e.code);
      else {
        if (this.status === 'connecting') this.on.refused(); // perhaps nobody is signed in any more
        this.reconnect(retry ? Number(retry[1]) : undefined);
      }
    };
    this.on.status();
  }

  #stop(code) {
    this.#drop();
    this.stopped = code;
    this.on.status();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#probe);
    clearInterval(this.#ping);
    if (this.status === 'open' || this.lostAt === null) this.lostAt = Date.now();
    this.status = 'lost';
    this.#watched.clear();
    socket?.close();
  }

  close() { this.#drop(); this.stopped = 1000; }

  /** Lets go of the socket and comes back after `ms`, or after a growing random wait. */
  reconnect(ms = backoff(this.#attempt++)) {
    if (this.stopped) return;
    this.#drop();
    this.retryAt = Date.now() + ms;
    this.#timer = setTimeout(() => this.open(), ms);
    this.on.status();
  }

  /** The page is looked at again, or the network is back: is the connection still there? */
  wake() {
    if (this.stopped) return;
    if (this.status !== 'open') { this.#attempt = 0; return void (this.#drop(), this.open()); }
    this.ping();
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => this.reconnect(0), 3000);
  }

  ping() {
    this.#sent.set(++this.#n, Date.now());
    this.#send({ type: 'ping', n: this.#n });
  }

  #receive(m) {
    this.#missed = 0;
    clearTimeout(this.#probe);
    const sentAt = m.type === 'pong' ? this.#sent.get(m.n) : undefined;
    if (m.type === 'pong') this.#sent.delete(m.n);
    const first = m.type === 'welcome' && this.status !== 'open';
    if (first) {
      this.status = 'open';
      this.lostAt = null;
      this.#attempt = 0;
      this.#sent.clear();
      clearInterval(this.#ping);
      this.#ping = setInterval(() => {
        if (this.#missed++ >= 2) this.reconnect(0); else this.ping();
      }, PING_MS);
    }
    if (m.type === 'busy' && m.id) {
      setTimeout(() => this.on.pending().forEach((p) => p.id === m.id && this.#send(p)), m.retry_after_ms);
    }
    this.on.message(m, sentAt);
    if (first) {
      for (const p of this.on.pending()) this.#send(p); // what was answered has gone by now
      this.ping();
      this.on.status();
    }
  }

  #send(m) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    if (this.status !== 'open' && m.type !== 'hello' && m.type !== 'resume') return false;
    const { at, ...wire } = m;
    if (wire.type === 'disarm') delete wire.id;
    this.#socket.send(JSON.stringify(wire));
    return true;
  }

  send(m) { return this.#send(m); }

  /** A request with an id of its own. Keep it with `keep` before it leaves. */
  request(m, keep) {
    const request = { ...m, id: uuid7(), at: Date.now() };
    keep(request);
    this.#send(request);
    return request;
  }

  /** Exactly these sections' seats are pushed from now on. */
  watch(keys) {
    if (this.status !== 'open') return;
    const tell = (type, sections) => {
      for (let i = 0; i < sections.length; i += WATCH_MAX) this.#send({ type, sections: sections.slice(i, i + WATCH_MAX) });
    };
    tell('unwatch', [...this.#watched].filter((k) => !keys.has(k)));
    tell('watch', [...keys].filter((k) => !this.#watched.has(k)));
    this.#watched = new Set(keys);
  }
}
