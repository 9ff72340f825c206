// Ids, waits, close codes and what is kept over a reload.
import { describe, expect, test } from 'vitest';
import { isFinal, retryAfter } from '../src/store/close';
import { backoff, uuid7 } from '../src/store/ids';
import { wire } from '../src/store/link';
import { Outbox } from '../src/store/outbox';
import { givenUp, recall, remember } from '../src/store/undo';
import { storage } from './browser';

test('ids are UUIDv7, in order of time', () => {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(uuid7()).toMatch(form);
  expect(uuid7(1000) < uuid7(2000)).toBe(true);
});

test('the wait between tries grows and stays within its bounds', () => {
  for (let n = 0; n < 12; n += 1) {
    for (const r of [0, 0.5, 0.999]) {
      expect(backoff(n, r)).toBeGreaterThanOrEqual(500);
      expect(backoff(n, r)).toBeLessThanOrEqual(30_000);
    }
  }
  expect(backoff(3, 0.9)).toBeGreaterThan(backoff(1, 0.9));
});

test('close codes: when to come back, and when not by itself', () => {
  expect(retryAfter('retry_ms=1234')).toBe(1234);
  expect(retryAfter('restart')).toBeUndefined();
  expect([1000, 1006, 1012, 1013, 4001, 4002].some(isFinal)).toBe(false);
  expect([4003, 4004, 4005].every(isFinal)).toBe(true);
});

test('the wire is not told what the page notes beside a request', () => {
  const drop = { type: 'drop', id: 'x', course: 'C', at: 5 } as const;
  expect(wire(drop)).toEqual({ type: 'drop', id: 'x', course: 'C' });
  expect(wire({ type: 'disarm', id: 'x', window: 'w', at: 5 })).toEqual({
    type: 'disarm',
    window: 'w',
  });
});

describe('the outbox', () => {
  const drop = { type: 'drop', id: 'x', course: 'C', at: 1000 } as const;

  test('a request keeps its id over a reload, for a while', () => {
    const kept = storage();
    new Outbox('s1', kept).keep(drop);
    expect(new Outbox('s1', kept).requests(2000)).toEqual({ x: drop });
    expect(new Outbox('s2', kept).requests(2000)).toEqual({});
    expect(new Outbox('s1', kept).requests(1000 + 16 * 60_000)).toEqual({});
    expect(Object.keys(kept)).toEqual([]);
  });

  test('a storage that is full, or not for us, stops nothing', () => {
    const full = storage();
    full.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    const box = new Outbox('s1', full);
    expect(() => {
      box.keep(drop);
      box.keepDraft([{ course: 'C', waitlist: true }]);
      box.keepSeats([{ id: 'x', course: 'C', sections: ['C/1'] }]);
    }).not.toThrow();
    expect([box.requests(2000), box.draft(), box.seats()]).toEqual([{}, null, []]);
  });

  test('what another tab kept or forgot is told by its key', () => {
    const box = new Outbox('s1', storage());
    const kept = JSON.stringify(drop);
    expect(box.other('sluis.out.s1.x', kept)).toEqual({ id: 'x', request: drop });
    expect(box.other('sluis.out.s1.x', null)).toEqual({ id: 'x', request: null });
    expect(box.other('sluis.out.s2.x', kept)).toBeNull();
    expect(box.other('sluis.draft.s1', kept)).toBeNull();
  });

  test('what was answered is forgotten; giving up a place is never repeated', () => {
    const kept = storage();
    const box = new Outbox('s1', kept);
    box.keep(drop);
    box.forget('x');
    box.keep({ type: 'disarm', id: 'y', window: 'w', at: 1000 });
    expect(box.requests(2000)).toEqual({});
  });

  test('seats that can be asked back are kept for their student alone', () => {
    const kept = storage();
    const seats = [{ id: 'x', course: 'C', sections: ['C/1'] }];
    new Outbox('s1', kept).keepSeats(seats);
    expect(new Outbox('s1', kept).seats()).toEqual(seats);
    expect(new Outbox('s2', kept).seats()).toEqual([]);
    expect(new Outbox('s1', kept).concerns('sluis.undo.s1')).toBe(true);
    kept.setItem('sluis.undo.s1', '{');
    expect(new Outbox('s1', kept).seats()).toEqual([]);
  });

  test('of seats given up the newest of a course counts, up to a bound', () => {
    const kept = storage();
    const box = new Outbox('s1', kept);
    recall(box);
    const seat = (course: string) => ({ course, sections: [`${course}/1`], journal: 1 });
    remember('a', seat('C'));
    remember('b', undefined);
    remember('c', seat('C'));
    expect(box.seats()).toEqual([{ id: 'c', course: 'C', sections: ['C/1'] }]);
    for (let i = 0; i < 30; i += 1) remember(`${i}`, seat(`D${i}`));
    expect(box.seats()).toHaveLength(20);
    recall(null);
    expect(givenUp.value).toEqual([]);
    recall(box);
    expect(givenUp.value.at(-1)?.course).toBe('D29');
  });

  test('a plan edited offline is kept, and rubbish is no plan', () => {
    const kept = storage();
    const box = new Outbox('s1', kept);
    const draft = [{ course: 'C', waitlist: true }];
    box.keepDraft(draft);
    expect(new Outbox('s1', kept).draft()).toEqual(draft);
    kept.setItem('sluis.draft.s1', '{');
    expect(box.draft()).toBeNull();
    expect(box.concerns('sluis.draft.s1')).toBe(true);
    expect(box.concerns('sluis.lang')).toBe(false);
  });
});
