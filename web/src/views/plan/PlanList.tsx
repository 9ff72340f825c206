// The ranked plan: dragged, or moved with the arrow keys.
import { signal } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { credits } from '../../i18n/format';
import { moveCourse, removeCourse, setChoices, setWaitlist } from '../../store/actions';
import { courses } from '../../store/catalogue';
import type { CourseRequest } from '../../store/state';
import { editPlan, enrolments, outcomes, plan, savedPlan, waitlist } from '../../store/store';
import { Button, Checkbox, IconButton, Mark } from '../../ui/basics';
import { Chooser } from '../../ui/Chooser';
import { Icon } from '../../ui/Icon';
import { say } from '../../ui/live';
import { CourseSeats } from '../../ui/Seats';
import { clashWith, heldSlots, wishedSlots } from '../../ui/slots';
import { courseName, reasonText, sectionAt, shortKey, solution } from '../../ui/words';

const opened = signal<string | null>(null);
const removed = signal<{ course: string; before: CourseRequest[] } | null>(null);

function move(from: number, to: number): void {
  const of = plan.value.length;
  if (to < 0 || to >= of || from === to) return;
  const course = courseName(plan.value[from]?.course ?? '');
  moveCourse(from, to);
  say(t('plan.movedTo', { course, n: to + 1, of }));
}

function remove(course: string): void {
  removed.value = { course, before: plan.value };
  removeCourse(course);
  say(t('plan.removed', { course: courseName(course) }));
  document.getElementById('plan-mine')?.closest('section')?.querySelector('button')?.focus();
}

/** Which section it is that clashes, and when: `, tutorial W3, Tue 11.15`. */
function where(request: CourseRequest, other: string | null | undefined): string {
  const seats = heldSlots(enrolments.value.filter((e) => e.course === other));
  const wish = plan.value.filter((r) => r.course === other);
  const slots = seats.length ? seats : wishedSlots(wish, courses.value, new Set()).slots;
  const met = clashWith(request, slots, courses.value);
  return met ? ` (${sectionAt(met.section, met.meeting)})` : '';
}

/** What stands in the way, and what would solve it. */
function Blockers({ request }: { request: CourseRequest }) {
  const { course } = request;
  const found = savedPlan.value.blockers.find((b) => b.course === course)?.blockers ?? [];
  if (!found.length) return null;
  return (
    <ul class="blockers" aria-label={t('plan.blockers')}>
      {found.map((b) => (
        <li key={`${b.reason} ${b.about}`}>
          <Icon name={b.reason === 'full' ? 'wait' : 'warn'} heavy />
          <span>
            <strong>
              {reasonText(b.reason, b.about)}
              {b.reason === 'clash' && where(request, b.about)}
            </strong>{' '}
            {solution(b.reason)}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** How it stands, where that has been decided. */
function Standing({ request }: { request: CourseRequest }) {
  const code = request.course;
  const course = courses.value.get(code);
  if (enrolments.value.some((e) => e.course === code)) {
    return (
      <Mark tone="good" icon="check">
        {t('outcome.enrolled')}
      </Mark>
    );
  }
  const waiting = waitlist.value.find((w) => w.course === code);
  if (waiting) {
    return (
      <Mark tone="wait" icon="wait">
        {t('outcome.waitlisted')}, {t('outcome.rank', { n: waiting.rank })}
      </Mark>
    );
  }
  const told = outcomes.value.find((o) => o.course === code);
  return (
    <>
      {told?.outcome === 'refused' && (
        <Mark tone="bad" icon="cross">
          {t('outcome.refused')}
          {told.reason && `: ${reasonText(told.reason, told.about)}`}
        </Mark>
      )}
      {course && (
        <CourseSeats
          key={JSON.stringify(request.choices)}
          course={course}
          choices={request.choices}
        />
      )}
      <Blockers request={request} />
    </>
  );
}

const chosen = (r: CourseRequest): string => {
  const named = (r.choices ?? []).filter(Array.isArray).map((list) => shortKey(list[0] ?? ''));
  return named.length ? named.join(', ') : t('plan.chosenAny');
};

function Details({ request }: { request: CourseRequest }) {
  const code = request.course;
  const course = courses.value.get(code);
  const open = opened.value === code;
  const toggle = () => {
    opened.value = open ? null : code;
  };
  return (
    <>
      {course && course.components.length > 0 && (
        <Button kind="quiet" icon={open ? 'minus' : 'down'} expanded={open} onClick={toggle}>
          {t('plan.choose')}: {chosen(request)}
        </Button>
      )}
      {open && course && (
        <Chooser
          course={course}
          choices={request.choices ?? []}
          onChange={(choices) => setChoices(code, choices)}
        />
      )}
      <Checkbox checked={!!request.waitlist} onChange={(to) => setWaitlist(code, to)}>
        {t('plan.waitlist')}
      </Checkbox>
    </>
  );
}

interface Drag {
  from: number;
  over: number;
}

export function PlanList() {
  const list = plan.value;
  const ref = useRef<HTMLOListElement>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  /** The item under the finger or the mouse. */
  const under = (y: number): number => {
    const items = [...(ref.current?.children ?? [])];
    const at = items.findIndex((item) => y < item.getBoundingClientRect().bottom);
    return at < 0 ? items.length - 1 : at;
  };
  const grip = (i: number, course: string) => ({
    onPointerDown: (e: PointerEvent) => {
      (e.currentTarget as Element).setPointerCapture(e.pointerId);
      setDrag({ from: i, over: i });
    },
    onPointerMove: (e: PointerEvent) => drag && setDrag({ ...drag, over: under(e.clientY) }),
    onPointerUp: () => {
      if (drag) move(drag.from, drag.over);
      setDrag(null);
    },
    onPointerCancel: () => setDrag(null),
    onKeyDown: (e: KeyboardEvent) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[e.key];
      if (!by) return;
      e.preventDefault();
      move(i, i + by);
      requestAnimationFrame(() => document.getElementById(`grip-${course}`)?.focus());
    },
  });
  return (
    <>
      <p id="drag-how" class="hidden">
        {t('plan.dragHow')}
      </p>
      <ol class="plan-list" ref={ref}>
        {list.map((r, i) => {
          const name = courseName(r.course);
          const course = courses.value.get(r.course);
          const target = drag && drag.over === i && drag.from !== i;
          const where = target ? (drag.from < i ? 'below' : 'above') : '';
          const has = [...enrolments.value, ...waitlist.value].some(
            (x: { course: string }) => x.course === r.course,
          );
          return (
            <li
              key={r.course}
              data-course={r.course}
              class={`item ${drag?.from === i ? 'dragged' : ''} ${where}`}
            >
              <button
                type="button"
                id={`grip-${r.course}`}
                class="grip"
                aria-describedby="drag-how"
                aria-label={t('plan.drag', { course: name, n: i + 1, of: list.length })}
                {...grip(i, r.course)}
              >
                <span class="rank" aria-hidden="true">
                  {i + 1}
                </span>
                <Icon name="grip" heavy />
              </button>
              <div class="item-body">
                <h3>{name}</h3>
                <p class="meta">
                  <span class="code">{r.course}</span>
                  {course && ` · ${t('plan.credits', { n: credits(course.credits) })}`}
                </p>
                <Standing request={r} />
                {!has && <Details request={r} />}
              </div>
              <IconButton
                icon="cross"
                label={t('plan.remove', { course: name })}
                onClick={() => remove(r.course)}
              />
            </li>
          );
        })}
      </ol>
      <Undo />
    </>
  );
}

export function Undo() {
  const gone = removed.value;
  if (!gone || plan.value.some((r) => r.course === gone.course)) return null;
  const undo = () => {
    removed.value = null;
    editPlan(gone.before);
  };
  return (
    <p class="undo">
      {t('plan.removed', { course: courseName(gone.course) })}{' '}
      <Button kind="quiet" onClick={undo}>
        {t('plan.undo')}
      </Button>
    </p>
  );
}
