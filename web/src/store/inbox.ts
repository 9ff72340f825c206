// The message centre, read and marked over HTTP.
import type { Messages } from '../wire/Messages';
import type { Unread } from '../wire/Unread';
import { api } from './api';
import { readUpTo } from './reducer';
import { state } from './store';

/** Reads messages: the newest, or those before the oldest here. */
export async function loadMessages(before?: number): Promise<void> {
  const page = await api<Messages>(`/api/messages${before ? `?before=${before}` : ''}`);
  const had = before ? (state.value.messages ?? []) : [];
  const messages = [...had, ...page.messages];
  state.value = { ...state.value, messages, unread: page.unread, older: page.next };
}

export async function markRead(): Promise<void> {
  const list = state.value.messages;
  if (!list?.length) return;
  const up_to = Math.max(...list.map((x) => x.journal));
  const { unread } = await api<Unread>('/api/messages/read', { up_to });
  state.value = { ...state.value, unread, messages: readUpTo(state.value.messages, up_to) };
}
