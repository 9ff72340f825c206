// What is read over HTTP and kept: with its age, and whether the last try failed.
import { type Signal, signal } from '@preact/signals';
import { api, Failed } from './api';
import { doubt } from './store';

export interface Resource<T> {
  value: Signal<T | null>;
  failed: Signal<boolean>;
  /** When it was read, by this device's clock. */
  at: Signal<number>;
  load(): Promise<void>;
}

const all: Resource<unknown>[] = [];

export function resource<T>(path: string): Resource<T> {
  const value = signal<T | null>(null);
  const failed = signal(false);
  const at = signal(0);
  let newest = 0;
  const load = async () => {
    newest += 1;
    const mine = newest;
    try {
      const read = await api<T>(path);
      if (mine !== newest) return; // a later one is on its way, or she has signed out
      value.value = read;
      at.value = Date.now();
      failed.value = false;
    } catch (e) {
      if (!(e instanceof Failed)) throw e;
      if (e.status === 401) doubt();
      if (mine === newest) failed.value = true;
    }
  };
  const made = { value, failed, at, load, end: () => newest++ };
  all.push(made as Resource<unknown>);
  return made;
}

/** She has signed out: nothing of hers stays. */
export function forget(): void {
  for (const r of all as (Resource<unknown> & { end(): void })[]) {
    r.end();
    r.value.value = null;
    r.failed.value = false;
  }
}
