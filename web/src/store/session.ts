// Who is there: signing in and out, and what is read when it begins.
import type { Me } from '../wire/Me';
import type { SignedOut } from '../wire/SignedOut';
import type { SignInChoices } from '../wire/SignInChoices';
import type { SignInRequest } from '../wire/SignInRequest';
import { api, Failed } from './api';
import { loadRequirements, requirements } from './catalogue';
import { failed } from './failed';
import { loadMessages } from './inbox';
import { stored } from './outbox';
import { loadPreferences } from './preferences';
import { forget } from './resource';
import { results } from './resources';
import { choices, connect, disconnect, fault, me, state, tell } from './store';

const RETRY_MS = 3000;
const HERE = 'sluis.here';

/** Whether somebody was signed in here last time: then the page's first view is read at once. */
export const wasHere = (): boolean => localStorage.getItem(HERE) !== null;

const nameOf = (who: Me | null | undefined): string | null =>
  who ? (who.student ?? who.name ?? who.role) : null;

let newest = 0;
/** What is read once for whoever signs in is still to be read. */
let unread = true;

/** Asks who is signed in, until there is an answer. */
export async function start(): Promise<void> {
  newest += 1;
  const mine = newest;
  const found = await api<SignInChoices>('/api/sign-in').catch(() => null);
  if (mine !== newest) return; // asked again meanwhile
  if (!found) {
    tell('offline');
    setTimeout(() => mine === newest && start(), RETRY_MS);
    return;
  }
  choices.value = found;
  if (fault.value?.code === 'offline') fault.value = null;
  const who = found.me;
  unread = true;
  if (who?.student) connect(who.student);
  stored(HERE, nameOf(who));
  me.value = who;
}

/** Another tab of this browser signed somebody else in, or her out: this one follows. */
export const followSignIn = (): void =>
  addEventListener('storage', (e) => {
    if (e.key === HERE && me.value !== undefined && e.newValue !== nameOf(me.value)) signedOut();
  });

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
  requirements.value = null;
  me.value = null;
  void start();
}

/** The socket was refused: perhaps nobody is signed in any more, or somebody else. */
export function checkSignedIn(): void {
  api<SignInChoices>('/api/sign-in').then(
    (answer) => nameOf(answer.me) === nameOf(me.value) || signedOut(),
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

/** What is read anew when the gateway has told everything. */
export function welcomed(): void {
  if (state.value.messages === null) void loadMessages();
  if (!unread) return;
  unread = false;
  void loadRequirements().catch(() => undefined); // the search is there without it
  void results.load(); // what she has passed is not asked of her again
  void loadPreferences();
}
