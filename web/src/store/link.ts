// The one connection to the gateway: it comes back by itself, and repeats what was not answered.
import type { ClientMessage } from '../wire/ClientMessage';
import type { ServerMessage } from '../wire/ServerMessage';
import { isFinal, retryAfter } from './close';
import { backoff } from './ids';
import { PROTOCOL, type Request } from './state';

const PING_MS = 20_000;
const CONNECT_MS = 10_000;
const PROBE_MS = 3000;
const WATCH_MAX = 40; // sections in one message
/** Sections watched at once; as `WATCHED_MAX` in src/limits.rs, past which the gateway refuses. */
export const WATCHED_MAX = 300;

export type Status = 'connecting' | 'open' | 'lost';

/** What the link asks and tells. */
export interface LinkEvents {
  message(m: ServerMessage, sentAt: number | undefined): void;
  /** Its state has changed. */
  changed(): void;
  /** Refused before it was open: perhaps nobody is signed in any more. */
  refused(): void;
  /** What was asked and not answered, oldest first. */
  pending(): Request[];
  /** Last sequence seen, or 0. */
  sequence(): number;
}

/** As the wire has it: without what this page notes beside it. */
export function wire(m: ClientMessage | Request): ClientMessage {
  const { at: _at, ...message } = m as Request;
  if (message.type !== 'disarm') return message;
  return { type: 'disarm', window: message.window };
}

export class Link {
  status: Status = 'connecting';
  /** Since when there is no connection. */
  lostAt: number | null = null;
  retryAt: number | null = null;
  /** A close code after which it does not come back by itself. */
  stopped: number | null = null;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  #probe: ReturnType<typeof setTimeout> | undefined;
  #late: ReturnType<typeof setTimeout> | undefined;
  #n = 0;
  #sent = new Map<number, number>();
  #missed = 0;
  #attempt = 0;
  #watched = new Set<string>();

  constructor(
    private readonly on: LinkEvents,
    private readonly url: string,
  ) {}

  /** Looks again when the page or the network comes back. */
  listen(): void {
    addEventListener('online', () => this.wake());
    addEventListener('pageshow', (e) => e.persisted && this.wake());
    document.addEventListener('visibilitychange', () => document.hidden || this.wake());
    addEventListener('offline', () => this.reconnect(0));
  }

  open(): void {
    clearTimeout(this.#timer);
    this.stopped = this.retryAt = null;
    this.lostAt ??= Date.now();
    this.status = 'connecting';
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    const current = () => socket === this.#socket;
    const late = setTimeout(() => {
      if (current() && this.status !== 'open') this.reconnect();
    }, CONNECT_MS);
    socket.onopen = () => {
      if (!current()) return;
      const last_sequence = this.on.sequence();
      this.send(
        last_sequence
          ? { type: 'resume', protocol: PROTOCOL, last_sequence }
          : { type: 'hello', protocol: PROTOCOL },
      );
    };
    socket.onmessage = (e) => current() && this.#receive(JSON.parse(e.data) as ServerMessage);
    socket.onclose = (e) => {
      clearTimeout(late);
      if (current()) this.#closed(e.code, e.reason);
    };
    this.on.changed();
  }

  #closed(code: number, reason: string): void {
    if (isFinal(code)) {
      this.#drop();
      this.stopped = code;
      this.on.changed();
      return;
    }
    if (this.status === 'connecting') this.on.refused();
    this.reconnect(retryAfter(reason));
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#probe);
    clearTimeout(this.#late);
    clearInterval(this.#ping);
    if (this.status === 'open' || this.lostAt === null) this.lostAt = Date.now();
    this.status = 'lost';
    this.#watched.clear();
    socket?.close();
  }

  /** For good: she has signed out. */
  close(): void {
    this.#drop();
    this.stopped = 1000;
  }

  /** Lets go of the socket and comes back after `ms`, or after a growing random wait. */
  reconnect(ms = backoff(this.#attempt++)): void {
    if (this.stopped) return;
    this.#drop();
    this.retryAt = Date.now() + ms;
    this.#timer = setTimeout(() => this.open(), ms);
    this.on.changed();
  }

  /** At once, even where it had stopped. */
  retry(): void {
    this.stopped = null;
    this.#attempt = 0;
    this.#drop();
    this.open();
  }

  /** The page is looked at again, or the network is back: is the connection still there? */
  wake(): void {
    if (this.stopped) return;
    if (this.status !== 'open') {
      this.retry();
      return;
    }
    this.ping();
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => this.reconnect(0), PROBE_MS);
  }

  ping(): void {
    this.#n += 1;
    this.#sent.set(this.#n, Date.now());
    this.send({ type: 'ping', n: this.#n });
  }

  #receive(m: ServerMessage): void {
    this.#missed = 0;
    clearTimeout(this.#probe);
    const sentAt = m.type === 'pong' ? this.#sent.get(m.n) : undefined;
    if (m.type === 'pong') this.#sent.delete(m.n);
    const first = m.type === 'welcome' && this.status !== 'open';
    if (first) this.#opened();
    if (m.type === 'busy') this.#busy(m.id, m.retry_after_ms);
    this.on.message(m, sentAt);
    if (!first || this.status !== 'open') return;
    this.#again(); // what was answered has gone
    this.ping();
    this.on.changed();
  }

  #opened(): void {
    this.status = 'open';
    this.lostAt = null;
    this.#attempt = 0;
    this.#sent.clear();
    clearInterval(this.#ping);
    this.#ping = setInterval(() => {
      this.#missed += 1;
      if (this.#missed > 2) this.reconnect(0);
      else this.ping();
    }, PING_MS);
  }

  /** Nothing was changed: the same again, if it is still asked for. Without an id it may have been
   * anything: all of it again, once, which gains nothing by being heard twice. */
  #busy(id: string | null | undefined, ms: number): void {
    if (id) {
      setTimeout(() => this.#again(id), ms);
      return;
    }
    clearTimeout(this.#late);
    this.#late = setTimeout(() => {
      this.#again();
      const watched = this.#watched;
      this.#watched = new Set();
      this.watch(watched);
    }, ms);
  }

  #again(id?: string): void {
    for (const request of this.on.pending()) if (!id || request.id === id) this.send(request);
  }

  /** Whether it left. Requests are kept by the caller and sent again by themselves. */
  send(m: ClientMessage | Request): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    if (this.status !== 'open' && m.type !== 'hello' && m.type !== 'resume') return false;
    this.#socket.send(JSON.stringify(wire(m)));
    return true;
  }

  /** Exactly these sections' seats are pushed from now on: the first of them, where they are more
   * than can be watched. */
  watch(wanted: Set<string>): void {
    if (this.status !== 'open') return;
    const keys = new Set([...wanted].slice(0, WATCHED_MAX));
    const tell = (type: 'watch' | 'unwatch', sections: string[]) => {
      for (let i = 0; i < sections.length; i += WATCH_MAX) {
        this.send({ type, sections: sections.slice(i, i + WATCH_MAX) });
      }
    };
    tell(
      'unwatch',
      [...this.#watched].filter((k) => !keys.has(k)),
    );
    tell(
      'watch',
      [...keys].filter((k) => !this.#watched.has(k)),
    );
    this.#watched = keys;
  }
}
