import type { ClientMessage } from '../wire/ClientMessage';
import type { CourseRequestDto } from '../wire/CourseRequestDto';
import type { EnrolmentView } from '../wire/EnrolmentView';
import type { ForecastView } from '../wire/ForecastView';
import type { MessageView } from '../wire/MessageView';
import type { OutcomeView } from '../wire/OutcomeView';
import type { PlanView } from '../wire/PlanView';
import type { PreferencesView } from '../wire/PreferencesView';
import type { SeatsView } from '../wire/SeatsView';
import type { ServerMessage } from '../wire/ServerMessage';
import type { WaitlistView } from '../wire/WaitlistView';
import type { WindowView } from '../wire/WindowView';

/** The version of the protocol that this page speaks. */
export const PROTOCOL = 1;

export type Server<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;
type Asked = Extract<
  ClientMessage,
  { type: 'arm' | 'disarm' | 'submit' | 'drop' | 'swap' | 'leave_waitlist' }
>;

/** What is asked for and must be done exactly once: kept with its id until it is answered. */
export type Request = Asked & { id: string; at: number };

/** A course request as the wire has it. */
export type CourseRequest = CourseRequestDto;

/** A place in an open line, with how far it has come since it was first told. */
export interface Place {
  position: number;
  of: number;
  serving: number;
  eta_low: number | null | undefined;
  eta_high: number | null | undefined;
  /** The first position told. */
  start: number;
  /** From 0 to 1; never runs backwards. */
  done: number;
  /** When it was told, by this device's clock. */
  at: number;
}

/** A place in a line; its ticket is not known until the gateway has told it. */
export interface Ticket {
  window: string;
  ticket: number | null;
  among: number;
}

/** A seat, with the time of its grant where this page saw it. */
export type Enrolment = EnrolmentView & { at?: number };

/** Told to everybody at once. */
export type Announcement = Omit<Server<'announcement'>, 'type'>;

/** What the page knows, folded from what the gateway says and what she does. */
export interface State {
  ready: boolean;
  programme: string | null;
  year: number;
  windows: WindowView[];
  line: Ticket[];
  /** Numbers of her tickets, kept when their turn is over: with one she can check the draw. */
  tickets: Record<string, number>;
  positions: Record<string, Place>;
  forecasts: Record<string, ForecastView[]>;
  plan: PlanView;
  /** Edited here and not yet confirmed by the gateway. */
  draft: CourseRequest[] | null;
  enrolments: Enrolment[];
  waitlist: WaitlistView[];
  outcomes: OutcomeView[];
  seats: Record<string, SeatsView>;
  /** What the registrar told everybody, newest first, and she has not put away. */
  announcements: Announcement[];
  unread: number;
  /** `null`: to be read again over HTTP. */
  messages: MessageView[] | null;
  /** Grows whenever messages or their number change: what was read over HTTP meanwhile is old. */
  inbox: number;
  /** `before` of the next page of messages; `null` at the end. */
  older: number | null;
  /** `null`: not read yet. */
  preferences: PreferencesView | null;
  sequence: number;
  /** Journal position that the last welcome rests on: what is told of before it changes nothing. */
  as_of: number;
  pending: Record<string, Request>;
  /** Server's clock minus this device's; `null` until it is known. */
  offset: number | null;
  rtt: number;
  /** When the gateway was last heard, by this device's clock. */
  heard: number;
  /** What was told is withdrawn: everything must be read anew. */
  stale: boolean;
}

/** What happened just now and is worth saying. */
export type News =
  | { kind: 'outcome'; outcome: OutcomeView }
  | { kind: 'message'; message: MessageView }
  | { kind: 'window'; window: WindowView }
  | { kind: 'rank'; entry: WaitlistView }
  | { kind: 'announcement'; announcement: Announcement };

export const initial = (): State => ({
  ready: false,
  programme: null,
  year: 0,
  windows: [],
  line: [],
  tickets: {},
  positions: {},
  forecasts: {},
  plan: { courses: [], blockers: [], credits: 0 },
  draft: null,
  enrolments: [],
  waitlist: [],
  outcomes: [],
  seats: {},
  announcements: [],
  unread: 0,
  messages: null,
  inbox: 0,
  older: null,
  preferences: null,
  sequence: 0,
  as_of: 0,
  pending: {},
  offset: null,
  rtt: Number.POSITIVE_INFINITY,
  heard: 0,
  stale: false,
});
