// What is read again and again while somebody looks, each with its age.
import { type Signal, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, Failed } from './api';
import { doubt } from './store';

export const POLL_MS = 2000;
/** An answer that takes longer is no longer waited for. */
const LATE_MS = 10_000;
/** A reading that is older than this is called old: two polls did not arrive. */
const OLD_MS = 3 * POLL_MS;

/** Since when the page is looked at, by this device's clock; never, while it is not. */
export const watchedSince = signal(0);

/** Whether readings fail to arrive: none are asked for while nobody looks. */
export const isOld = (at: number, since: number, now: number): boolean =>
  now - Math.max(at, since) > OLD_MS;

export interface Live<T> {
  value: Signal<T | null>;
  /** Why the last try failed; `null`: it did not. */
  fault: Signal<Failed | null>;
  /** When it was read, by this device's clock. */
  at: Signal<number>;
  /** Reads it now, whatever is on its way. */
  load(): Promise<void>;
  /** Reads it, unless the same is on its way. */
  poll(): void;
  forget(): void;
}

const all: Live<unknown>[] = [];

/** `path` may change between two readings; what was asked for before then no longer counts. */
export function live<T>(path: () => string, read?: (value: T) => void): Live<T> {
  const value = signal<T | null>(null);
  const fault = signal<Failed | null>(null);
  const at = signal(0);
  let newest = 0;
  let asked: { path: string; at: number } | null = null;
  const load = async () => {
    newest += 1;
    const mine = newest;
    const from = path();
    asked = { path: from, at: Date.now() };
    try {
      const found = await api<T>(from);
      if (mine !== newest) return;
      value.value = found;
      at.value = Date.now();
      fault.value = null;
      read?.(found);
    } catch (e) {
      if (!(e instanceof Failed)) throw e;
      if (e.status === 401) doubt();
      if (mine === newest) fault.value = e;
    } finally {
      if (mine === newest) asked = null;
    }
  };
  const poll = () => {
    if (asked?.path === path() && Date.now() - asked.at < LATE_MS) return;
    void load();
  };
  const forget = () => {
    newest += 1;
    asked = null;
    value.value = null;
    fault.value = null;
  };
  const made = { value, fault, at, load, poll, forget };
  all.push(made as Live<unknown>);
  return made;
}

/** Whoever looked has signed out: nothing stays. */
export const forgetLive = (): void => {
  for (const one of all) one.forget();
};

/** Reads these every two seconds while the page is looked at, and at once when it is again. */
export function usePoll(list: { poll(): void }[], ms = POLL_MS): void {
  useEffect(() => {
    const step = () => {
      if (!document.hidden) for (const one of list) one.poll();
    };
    const turn = () => {
      watchedSince.value = document.hidden ? Number.POSITIVE_INFINITY : Date.now();
      step();
    };
    step();
    const timer = setInterval(step, ms);
    document.addEventListener('visibilitychange', turn);
    addEventListener('online', step);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', turn);
      removeEventListener('online', step);
    };
  }, []);
}
