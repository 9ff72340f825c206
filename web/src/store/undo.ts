// Seats she gave up on this device, kept over a reload: while its window is open, one can be asked
// for again. A seat belongs to the request that gave it up, so that another drop of the same course,
// made elsewhere, does not offer a group that she no longer had.
import { signal } from '@preact/signals';
import type { Outbox } from './outbox';
import type { CourseRequest, Enrolment } from './state';

export interface GivenUp {
  /** The request that gave it up. */
  id: string;
  course: string;
  sections: string[];
}
/** The oldest is forgotten first: nobody undoes more than she sees. */
const MAX = 20;

export const givenUp = signal<GivenUp[]>([]);
/** The course that she last took out of her plan, and where in it that stood. */
export const takenOut = signal<{ request: CourseRequest; at: number } | null>(null);
let kept: Outbox | null = null;

/** What was given up here before, from now on kept in this outbox; `null`: nobody is here. */
export function recall(outbox: Outbox | null): void {
  if (outbox !== kept) takenOut.value = null;
  kept = outbox;
  givenUp.value = outbox?.seats() ?? [];
}

export function remember(id: string, seat: Enrolment | undefined): void {
  if (!seat) return;
  const { course, sections } = seat;
  const others = givenUp.value.filter((s) => s.course !== course);
  givenUp.value = [...others, { id, course, sections }].slice(-MAX);
  kept?.keepSeats(givenUp.value);
}
