// What of her plan could be submitted now; computed again only when something of it changes, and
// not with every message of the line.
import { computed } from '@preact/signals';
import { submittable } from '../model/windows';
import { courses } from './catalogue';
import { enrolments, line, outcomes, pending, plan, waitlist, windows } from './store';

const todo = computed(() =>
  submittable(
    {
      windows: windows.value,
      line: line.value,
      enrolments: enrolments.value,
      waitlist: waitlist.value,
      outcomes: outcomes.value,
    },
    plan.value,
    courses.value,
  ),
);

export const todoIn = (window: string) => todo.value.find((x) => x.window.key === window);

/** Whether one of these was asked of the window and is not answered yet. */
export const isAsked = (types: string[], window: string): boolean =>
  Object.values(pending.value).some(
    (p) => types.includes(p.type) && 'window' in p && p.window === window,
  );
