// The one store: what is known, who is signed in, and how the connection stands. Views read the
// signals and call the actions; nothing else changes what is known.
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Me } from '../wire/Me';
import type { ServerMessage } from '../wire/ServerMessage';
import type { SignInChoices } from '../wire/SignInChoices';
import { Link } from './link';
import { withoutKey } from './lists';
import { Outbox } from './outbox';
import { reduce } from './reducer';
import { type CourseRequest, initial, type News, type Request, type State } from './state';
import { recall } from './undo';

export const state = signal<State>(initial());

/** One field of the state: who reads it is drawn again when that field changes, and not before. */
const field = <K extends keyof State>(key: K): ReadonlySignal<State[K]> =>
  computed(() => state.value[key]);

export const ready = field('ready');
export const programme = field('programme');
export const year = field('year');
export const windows = field('windows');
export const line = field('line');
export const tickets = field('tickets');
export const positions = field('positions');
export const forecasts = field('forecasts');
export const savedPlan = field('plan');
export const draft = field('draft');
export const enrolments = field('enrolments');
export const waitlist = field('waitlist');
export const outcomes = field('outcomes');
export const seats = field('seats');
export const announcements = field('announcements');
export const unread = field('unread');
export const messages = field('messages');
export const older = field('older');
export const pending = field('pending');
export const preferences = field('preferences');

/** The plan as she sees it: edited here, or as saved. */
export const plan = computed<CourseRequest[]>(() => draft.value ?? savedPlan.value.courses);

/** `undefined`: not known yet; `null`: nobody is signed in. */
export const me = signal<Me | null | undefined>(undefined);
export const choices = signal<SignInChoices | null>(null);

/** A step of the clock, twice a second: what is shown of time and age hangs on it. */
export const now = signal(Date.now());
const offset = field('offset');
export const serverNow = computed(() => now.value + (offset.value ?? 0));
/** A time of this device's clock by the server's. */
export const serverTime = (ms: number): number => ms + (offset.value ?? 0);

export interface Connection {
  open: boolean;
  lostAt: number | null;
  retryAt: number | null;
  stopped: number | null;
}
export const connection = signal<Connection>({
  open: false,
  lostAt: null,
  retryAt: null,
  stopped: null,
});

/** A fault to be told: its code, and the gateway's words where this page has none. */
export const fault = signal<{ code: string; detail?: string } | null>(null);

export function tell(code: string, detail?: string): void {
  fault.value = { code, ...(detail !== undefined && { detail }) };
}

/** What the store tells those who hang on it. */
export interface Listener {
  news(items: News[]): void;
  heard(m: ServerMessage): void;
  /** The plan as edited here could not be saved. */
  planRefused(draft: CourseRequest[], code: string): void;
  /** The socket was refused before it was open. */
  refused(): void;
  signedOut(): void;
}
let listener: Listener | null = null;
export const listen = (to: Listener) => {
  listener = to;
};

/** An answer over HTTP makes one doubt that anybody is signed in. */
export const doubt = (): void => listener?.refused();

/** Whose page this is. */
let owner: string | null = null;
let link: Link | null = null;
let outbox: Outbox | null = null;
export const theLink = (): Link | null => link;

/** Begins for a student who is signed in. */
export function connect(student: string): void {
  link?.close();
  owner = student;
  outbox = new Outbox(student);
  recall(outbox);
  state.value = { ...initial(), pending: outbox.requests(), draft: outbox.draft() };
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  link = new Link(
    {
      message: receive,
      changed: noteConnection,
      refused: () => listener?.refused(),
      pending: () => Object.values(state.value.pending).sort((a, b) => a.at - b.at),
      sequence: () => (state.value.ready ? state.value.sequence : 0),
    },
    `${scheme}://${location.host}/ws`,
  );
  link.listen();
  link.open();
}

/** Ends: she has signed out, here or elsewhere. */
export function disconnect(): void {
  link?.close();
  link = outbox = owner = null;
  recall(null);
  state.value = initial();
}

function noteConnection(): void {
  if (!link) return;
  const { status, lostAt, retryAt, stopped } = link;
  connection.value = { open: status === 'open', lostAt, retryAt, stopped };
  if (stopped === 4004) listener?.signedOut();
}

function receive(m: ServerMessage, sentAt?: number): void {
  // A gateway from before this page does not say whose it is.
  if (m.type === 'welcome' && m.student && m.student !== owner) {
    listener?.signedOut(); // somebody else signed in in this browser: nothing of hers goes there
    return;
  }
  const before = state.value;
  const [next, news] = reduce(before, m, Date.now(), sentAt);
  batch(() => {
    state.value = next.stale ? { ...next, stale: false } : next;
  });
  for (const id of Object.keys(before.pending)) if (!next.pending[id]) outbox?.forget(id);
  if (before.draft && !next.draft) outbox?.keepDraft(null);
  if (m.type === 'welcome' && next.draft) sendPlan();
  if (m.type === 'error') refused(m.code, m.detail, m.id ?? undefined, before);
  if (m.type === 'busy') busy(m.retry_after_ms, !m.id);
  if (next.stale) link?.reconnect(Math.random() * 500);
  listener?.heard(m);
  if (news.length) listener?.news(news);
}

const PLAN_FAULTS = /^(plan_invalid|unknown_course|unknown_section|too_many)$/;

function refused(code: string, detail: string, id: string | undefined, before: State): void {
  if (code === 'not_in_line') dropPending((p) => p.type === 'disarm');
  if (code === 'already_in_line' && id && before.pending[id]?.type === 'arm') return;
  const edited = state.value.draft;
  if (!id && edited && PLAN_FAULTS.test(code)) listener?.planRefused(edited, code);
  tell(code, detail);
}

function busy(ms: number, aboutPlan: boolean): void {
  tell('busy');
  setTimeout(() => {
    if (fault.value?.code === 'busy') fault.value = null;
  }, ms + 3000);
  if (aboutPlan && state.value.draft) setTimeout(sendPlan, ms);
}

function dropPending(test: (p: Request) => boolean): void {
  const left = Object.entries(state.value.pending).filter(([id, p]) => {
    if (test(p)) outbox?.forget(id);
    return !test(p);
  });
  state.value = { ...state.value, pending: Object.fromEntries(left) };
}

/** Kept before it leaves, so that a reload or a lost connection cannot make it two. */
export function keep(request: Request): void {
  state.value = { ...state.value, pending: { ...state.value.pending, [request.id]: request } };
  outbox?.keep(request);
  link?.send(request);
}

/** She has read an announcement, or will not. */
export function putAway(journal: number): void {
  const left = state.value.announcements.filter((a) => a.journal !== journal);
  state.value = { ...state.value, announcements: left };
}

export function setDraft(list: CourseRequest[] | null): void {
  state.value = { ...state.value, draft: list };
  outbox?.keepDraft(list);
}

let planTimer: ReturnType<typeof setTimeout> | undefined;
/** Saves by itself, a moment after the last change; without a connection, when it is back. */
export function editPlan(list: CourseRequest[]): void {
  setDraft(list);
  clearTimeout(planTimer);
  planTimer = setTimeout(sendPlan, 250);
}

export function sendPlan(): void {
  clearTimeout(planTimer);
  if (state.value.draft) link?.send({ type: 'set_plan', courses: state.value.draft });
}

/** What another tab of this browser has kept or forgotten holds here too; what could not be kept
 * stays asked for. */
addEventListener('storage', (e) => {
  if (!outbox) return;
  const other = outbox.other(e.key, e.newValue);
  if (other) {
    const rest = withoutKey(state.value.pending, other.id);
    const pending = other.request ? { ...rest, [other.id]: other.request } : rest;
    state.value = { ...state.value, pending };
  } else if (outbox.concerns(e.key)) {
    state.value = { ...state.value, draft: outbox.draft() };
    recall(outbox);
  }
});

setInterval(() => {
  now.value = Date.now();
}, 500);
