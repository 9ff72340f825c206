// What the store asks of a browser: a socket and a storage that the test holds, and events that it
// sends.
import { vi } from 'vitest';
import type { ServerMessage } from '../src/wire/ServerMessage';

export class Socket {
  static OPEN = 1;
  static all: Socket[] = [];
  readyState = 0;
  sent: { type: string; [key: string]: unknown }[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: string }) => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;

  constructor(readonly url: string) {
    Socket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
  }
  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  says(m: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(m) });
  }
  closes(code: number, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

/** As a browser's storage, whose keys are its properties. */
export function storage(): Storage {
  const methods = {
    getItem(this: Record<string, string>, key: string) {
      return this[key] ?? null;
    },
    setItem(this: Record<string, string>, key: string, value: string) {
      this[key] = value;
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key];
    },
  };
  return Object.create(methods) as Storage;
}

/** An answer that the test gives when it will. */
export function later() {
  let resolve: (value: unknown) => void = () => undefined;
  const promise = new Promise<unknown>((done) => {
    resolve = done;
  });
  return { promise, resolve: (value: unknown) => resolve(value) };
}

type Heard = (e: object) => void;

export interface Asked {
  method: string;
  path: string;
  body: unknown;
}
type Answer = unknown | Promise<unknown>;

/** Stands in for the page's surroundings; `answers` holds what the gateway says to each path. */
export function browser(answers: Record<string, (asked: Asked) => Answer>) {
  const heard: Record<string, Heard[]> = {};
  const asked: Asked[] = [];
  const kept = storage();
  kept.setItem('sluis.lang', 'en');
  const listen = (type: string, f: Heard) => {
    heard[type] = [...(heard[type] ?? []), f];
  };
  vi.stubGlobal('addEventListener', listen);
  const documentElement = { lang: 'en' };
  vi.stubGlobal('document', { addEventListener: listen, documentElement, hidden: false });
  vi.stubGlobal('location', { pathname: '/', hash: '', protocol: 'http:', host: 'gateway' });
  vi.stubGlobal('localStorage', kept);
  vi.stubGlobal('WebSocket', Socket);
  vi.stubGlobal('fetch', async (address: string, options: RequestInit) => {
    const one = {
      method: options.method ?? 'GET',
      path: address,
      body: options.body ? JSON.parse(`${options.body}`) : undefined,
    };
    asked.push(one);
    const answer = answers[address.split('?')[0] as string];
    if (!answer) return { ok: false, status: 404, json: async () => ({ code: 'not_found' }) };
    const value = await answer(one);
    if (typeof value === 'number') {
      return { ok: false, status: value, json: async () => ({ code: `c${value}` }) };
    }
    return { ok: true, status: 200, json: async () => value };
  });
  const tell = (type: string, event: object) => {
    for (const f of heard[type] ?? []) f(event);
  };
  return { asked, kept, tell };
}
