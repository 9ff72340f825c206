// Seats she gave up since this page was opened: while its window is open, one can be asked for again.
import { signal } from '@preact/signals';
import { without } from './lists';
import type { Enrolment } from './state';

export const givenUp = signal<Enrolment[]>([]);

export function remember(seat: Enrolment | undefined): void {
  if (seat) givenUp.value = [...without(givenUp.value, 'course', seat.course), seat];
}
