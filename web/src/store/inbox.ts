// The message centre, read and marked over HTTP.
import { signal } from '@preact/signals';
import type { Messages } from '../wire/Messages';
import type { Unread } from '../wire/Unread';
import { api, Failed } from './api';
import { readUpTo } from './reducer';
import { doubt, me, state } from './store';

/** The last try to read them failed. */
export const unreadable = signal(false);

const AGAIN_MAX = 5;

/** A page of them, read again when something came while it was on its way; `null`: not hers. */
async function page(path: string): Promise<Messages | null> {
  const who = me.value;
  for (let i = 0; ; i += 1) {
    const { inbox } = state.value;
    const found = await api<Messages>(path);
    if (me.value !== who) return null; // she has signed out meanwhile
    if (state.value.inbox === inbox || i === AGAIN_MAX) return found;
  }
}

/** Reads the newest messages. That it failed is said where they would stand. */
export async function loadMessages(): Promise<void> {
  unreadable.value = false;
  const read = await page('/api/messages').catch((e) => {
    if (!(e instanceof Failed)) throw e;
    if (e.status === 401) doubt();
    unreadable.value = true;
    return null;
  });
  if (!read) return;
  const { messages, unread, next } = read;
  state.value = { ...state.value, messages, unread, older: next };
}

/** Reads those before the oldest here. */
export async function loadOlder(before: number): Promise<void> {
  const read = await page(`/api/messages?before=${before}`);
  if (!read) return;
  const { value: now } = state;
  // Asked for twice, or the newest are being read anew: then these are asked for once more.
  if (!now.messages || now.older !== before) return;
  state.value = { ...now, messages: [...now.messages, ...read.messages], older: read.next };
}

export async function markRead(): Promise<void> {
  const list = state.value.messages;
  if (!list?.length) return;
  const up_to = Math.max(...list.map((x) => x.journal));
  const { inbox } = state.value;
  const { unread } = await api<Unread>('/api/messages/read', { up_to });
  const { value: now } = state;
  // What has come since knows the number better.
  const told = now.inbox === inbox && { unread };
  state.value = { ...now, ...told, messages: readUpTo(now.messages, up_to) };
}
