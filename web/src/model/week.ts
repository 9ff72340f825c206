// What stands where in a week, and what clashes. Pure.
import type { MeetingView } from '../wire/MeetingView';

/** A meeting in the grid. */
export interface Slot {
  course: string;
  section: string;
  kind: string;
  meeting: MeetingView;
  /** A seat she has, or a wish. */
  held: boolean;
}

export interface Placed extends Slot {
  /** Which of so many columns of its day. */
  lane: number;
  lanes: number;
  /** Courses that meet at the same time, in a week they share. */
  clashes: string[];
}

const overlap = (a: MeetingView, b: MeetingView): boolean =>
  a.weekday === b.weekday && a.start < b.end && b.start < a.end;

/** Whether two meetings cannot both be attended. */
export const clash = (a: MeetingView, b: MeetingView): boolean =>
  overlap(a, b) && a.weeks.some((w) => b.weeks.includes(w));

/** How many pairs of meetings cannot both be attended. */
export const clashesIn = (slots: Slot[]): number =>
  slots.reduce(
    (n, a, i) =>
      n +
      slots.slice(i + 1).filter((b) => b.course !== a.course && clash(a.meeting, b.meeting)).length,
    0,
  );

/** Each slot with its place in its day: those that overlap stand beside each other. */
export function place(slots: Slot[]): Placed[] {
  const sorted = [...slots].sort(
    (a, b) => a.meeting.weekday - b.meeting.weekday || a.meeting.start - b.meeting.start,
  );
  const placed: Placed[] = [];
  let group: Placed[] = [];
  const close = () => {
    const lanes = Math.max(0, ...group.map((p) => p.lane)) + 1;
    for (const p of group) p.lanes = lanes;
    group = [];
  };
  for (const slot of sorted) {
    if (!group.some((p) => overlap(p.meeting, slot.meeting))) close();
    const taken = group.filter((p) => overlap(p.meeting, slot.meeting)).map((p) => p.lane);
    let lane = 0;
    while (taken.includes(lane)) lane += 1;
    const others = slots.filter((o) => o.course !== slot.course && clash(o.meeting, slot.meeting));
    const item = { ...slot, lane, lanes: 1, clashes: [...new Set(others.map((o) => o.course))] };
    group.push(item);
    placed.push(item);
  }
  close();
  return placed;
}

/** `[6, 7, 8, 11]` as `6–8, 11`. */
export function weekRanges(weeks: number[]): string {
  const ranges: [number, number][] = [];
  for (const w of weeks) {
    const last = ranges.at(-1);
    if (last && last[1] === w - 1) last[1] = w;
    else ranges.push([w, w]);
  }
  return ranges.map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(', ');
}
