// The link against a socket that the test holds the other end of.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Link, WATCHED_MAX } from '../src/store/link';
import type { Request } from '../src/store/state';
import { Socket } from './browser';
import { welcome } from './samples';

let pending: Request[];
let sequence: number;
let refused: number;
let link: Link;
const newest = () => Socket.all.at(-1) as Socket;
const types = (s: Socket) => s.sent.map((m) => m.type);
const up = () => {
  newest().opens();
  newest().says(welcome());
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
  Socket.all = [];
  pending = [];
  sequence = refused = 0;
  const on = {
    message: () => undefined,
    changed: () => undefined,
    refused: () => {
      refused += 1;
    },
    pending: () => pending,
    sequence: () => sequence,
  };
  link = new Link(on, 'ws://gateway/ws');
  link.open();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('hello first, resume after; what was not answered leaves again with its id', () => {
  up();
  expect(newest().sent).toEqual([
    { type: 'hello', protocol: 1 },
    { type: 'ping', n: 1 },
  ]);
  sequence = 7;
  pending = [{ type: 'drop', id: 'x', course: 'C', at: 0 }];
  newest().closes(1006);
  expect(link.status).toBe('lost');
  vi.advanceTimersByTime(31_000);
  up();
  expect(newest().sent.slice(0, 2)).toEqual([
    { type: 'resume', protocol: 1, last_sequence: 7 },
    { type: 'drop', id: 'x', course: 'C' },
  ]);
});

test.each([1012, 1013])('%i: away for as long as the gateway asks', (code) => {
  up();
  newest().closes(code, 'retry_ms=4000');
  vi.advanceTimersByTime(3999);
  expect(Socket.all).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(Socket.all).toHaveLength(2);
});

test.each([4003, 4004, 4005])('%i: not again by itself, but when she asks', (code) => {
  up();
  newest().closes(code);
  vi.advanceTimersByTime(120_000);
  expect([Socket.all.length, link.stopped]).toEqual([1, code]);
  link.retry();
  expect([Socket.all.length, link.stopped]).toEqual([2, null]);
});

test('refused before it was open: the sign-in is asked about', () => {
  newest().closes(1006);
  expect(refused).toBe(1);
  up();
});

test('a gateway that says nothing is left after three pings', () => {
  up();
  vi.advanceTimersByTime(59_000);
  expect([types(newest()).filter((t) => t === 'ping').length, link.status]).toEqual([3, 'open']);
  vi.advanceTimersByTime(2000);
  expect(Socket.all.length).toBeGreaterThan(1);
});

test('busy: the same again after the wait, if it is still asked for', () => {
  up();
  pending = [{ type: 'drop', id: 'x', course: 'C', at: 0 }];
  newest().says({ type: 'busy', id: 'x', retry_after_ms: 500 });
  newest().says({ type: 'busy', id: 'gone', retry_after_ms: 500 });
  vi.advanceTimersByTime(500);
  expect(types(newest()).filter((t) => t === 'drop')).toHaveLength(1);
});

test('busy without an id may have been anything: all of it again, once, and what is watched', () => {
  up();
  link.watch(new Set(['A/1']));
  pending = [
    { type: 'drop', id: 'x', course: 'C', at: 0 },
    { type: 'disarm', id: 'y', window: 'w', at: 1 },
  ];
  const before = newest().sent.length;
  for (let i = 0; i < 5; i += 1) newest().says({ type: 'busy', retry_after_ms: 500 });
  vi.advanceTimersByTime(499);
  expect(newest().sent).toHaveLength(before);
  vi.advanceTimersByTime(5000);
  expect(newest().sent.slice(before)).toEqual([
    { type: 'drop', id: 'x', course: 'C' },
    { type: 'disarm', window: 'w' },
    { type: 'watch', sections: ['A/1'] },
  ]);
});

test('a request that was refused with a connection that is gone leaves with the next, once', () => {
  up();
  newest().says({ type: 'busy', retry_after_ms: 500 });
  pending = [{ type: 'drop', id: 'x', course: 'C', at: 0 }];
  newest().closes(1006);
  vi.advanceTimersByTime(31_000);
  up();
  vi.advanceTimersByTime(5000);
  expect(types(newest()).filter((t) => t === 'drop')).toHaveLength(1);
});

test('nothing leaves between the opening of a socket and its welcome', () => {
  newest().opens();
  expect(link.send({ type: 'ping', n: 1 })).toBe(false);
  expect(types(newest())).toEqual(['hello']);
});

test('no more is watched than the gateway allows, and what comes first is', () => {
  up();
  const keys = Array.from({ length: WATCHED_MAX + 1 }, (_, i) => `A/${i}`);
  link.watch(new Set(keys));
  const told = newest().sent.filter((m) => m.type === 'watch');
  expect(told.flatMap((m) => m.sections)).toEqual(keys.slice(0, WATCHED_MAX));
  // One goes, and the last comes in.
  link.watch(new Set(keys.slice(1)));
  expect(newest().sent.slice(-2)).toEqual([
    { type: 'unwatch', sections: [keys[0]] },
    { type: 'watch', sections: [keys.at(-1)] },
  ]);
});

test('what is watched is told in differences, and anew on a new socket', () => {
  up();
  link.watch(new Set(['A/1', 'B/1']));
  link.watch(new Set(['B/1', 'C/1']));
  expect(newest().sent.slice(2)).toEqual([
    { type: 'watch', sections: ['A/1', 'B/1'] },
    { type: 'unwatch', sections: ['A/1'] },
    { type: 'watch', sections: ['C/1'] },
  ]);
  newest().closes(1006);
  vi.advanceTimersByTime(31_000);
  up();
  link.watch(new Set(['B/1']));
  expect(newest().sent.at(-1)).toEqual({ type: 'watch', sections: ['B/1'] });
});
