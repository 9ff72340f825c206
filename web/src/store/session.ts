// Who is there: signing in and out, and what is read when it begins.

import type { SignedOut } from '../wire/SignedOut';
import type { SignInChoices } from '../wire/SignInChoices';
import type { SignInRequest } from '../wire/SignInRequest';
import { api, Failed } from './api';
import { loadRequirements } from './catalogue';
import { failed } from './failed';
import { loadMessages } from './inbox';
import { loadPreferences } from './preferences';
import { forget } from './resource';
import { results } from './resources';
import { choices, connect, disconnect, fault, me, state, tell } from './store';

const RETRY_MS = 3000;
const HERE = 'sluis.here';

/** Whether somebody was signed in here last time: then the page's first view is read at once. */
export const wasHere = (): boolean => localStorage.getItem(HERE) !== null;

/** Asks who is signed in, until there is an answer. */
export async function start(): Promise<void> {
  try {
    choices.value = await api<SignInChoices>('/api/sign-in');
  } catch {
    tell('offline');
    setTimeout(start, RETRY_MS);
    return;
  }
  if (fault.value?.code === 'offline') fault.value = null;
  const who = choices.value.me;
  if (who?.student) connect(who.student);
  if (who) localStorage.setItem(HERE, '1');
  else localStorage.removeItem(HERE);
  me.value = who;
}

export async function signIn(who: SignInRequest): Promise<void> {
  try {
    await api('/api/sign-in', who);
    fault.value = null;
    await start();
  } catch (e) {
    if (e instanceof Failed && e.status === 401) tell(e.code, e.detail);
    else failed(e);
  }
}

export async function signOut(): Promise<void> {
  try {
    const next = await api<SignedOut | null>('/api/sign-out', {});
    signedOut();
    // The university's own sign-in is ended there, on its page.
    if (next) location.assign(next.continue_at);
  } catch (e) {
    if (failed(e)) signedOut();
  }
}

export function signedOut(): void {
  disconnect();
  forget();
  me.value = null;
  void start();
}

/** The socket was refused: perhaps nobody is signed in any more. */
export function checkSignedIn(): void {
  api<SignInChoices>('/api/sign-in').then(
    (answer) => answer.me || signedOut(),
    () => undefined, // no answer says nothing about the sign-in
  );
}

/** Does it, and says why it failed; whoever is signed out sees the door. */
export async function attempt(what: () => Promise<unknown>): Promise<void> {
  try {
    await what();
  } catch (e) {
    if (failed(e)) signedOut();
  }
}

/** What is read anew when the gateway has told everything: `first` on the first time. */
export function welcomed(first: boolean): void {
  if (state.value.messages === null) void attempt(() => loadMessages());
  if (!first) return;
  void loadRequirements().catch(() => undefined); // the search is there without it
  void results.load(); // what she has passed is not asked of her again
  void loadPreferences();
}
