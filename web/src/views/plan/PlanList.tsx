// The ranked plan: dragged, or moved with the buttons or the arrow keys.
import { signal } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { credits } from '../../i18n/format';
import { moveCourse, putBack, removeCourse, setChoices, setWaitlist } from '../../store/actions';
import { courses } from '../../store/catalogue';
import type { CourseRequest } from '../../store/state';
import { enrolments, outcomes, plan, savedPlan, waitlist } from '../../store/store';
import { takenOut } from '../../store/undo';
import { Button, Checkbox, IconButton, Mark } from '../../ui/basics';
import { Chooser } from '../../ui/Chooser';
import { Icon } from '../../ui/Icon';
import { say } from '../../ui/live';
import { CourseSeats } from '../../ui/Seats';
import { clashWith, heldSlots, wishedSlots } from '../../ui/slots';
import { courseName, reasonText, sectionAt, shortKey, solution } from '../../ui/words';

const opened = signal<string | null>(null);

/** Once it stands there: what had the focus has moved, or is gone. */
const focusOn = (id: string): void => {
  requestAnimationFrame(() => document.getElementById(id)?.focus());
};

function move(from: number, to: number): void {
  const of = plan.value.length;
  if (to < 0 || to >= of || from === to) return;
  const course = courseName(plan.value[from]?.course ?? '');
  moveCourse(from, to);
  say(t('plan.movedTo', { course, n: to + 1, of }));
}

function remove(course: string): void {
  removeCourse(course);
  say(t('plan.removed', { course: courseName(course) }));
  focusOn(UNDO);
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

/** One step, for whoever does not drag. The last step keeps its button, which then does nothing. */
function Step(props: { of: CourseRequest; at: number; by: -1 | 1 }) {
  const { at, by } = props;
  const course = courseName(props.of.course);
  const id = `${by < 0 ? 'up' : 'down'}-${props.of.course}`;
  const ends = at + by < 0 || at + by >= plan.value.length;
  const label = by < 0 ? t('plan.up', { what: course }) : t('plan.down', { what: course });
  return (
    <button
      type="button"
      id={id}
      class="step"
      aria-label={label}
      title={label}
      aria-disabled={ends || undefined}
      onClick={() => {
        move(at, at + by);
        focusOn(id);
      }}
    >
      <Icon name={by < 0 ? 'up' : 'lower'} />
    </button>
  );
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
      focusOn(`grip-${course}`);
    },
    onPointerCancel: () => setDrag(null),
    onKeyDown: (e: KeyboardEvent) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[e.key];
      if (!by) return;
      e.preventDefault();
      move(i, i + by);
      focusOn(`grip-${course}`);
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
              <div class="ranking">
                {list.length > 1 && <Step of={r} at={i} by={-1} />}
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
                {list.length > 1 && <Step of={r} at={i} by={1} />}
              </div>
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
    </>
  );
}

const UNDO = 'plan-undo';

/** Under the plan, or what stands there when it is empty. */
export function Undo() {
  const out = takenOut.value?.request.course;
  if (!out || plan.value.some((r) => r.course === out)) return null;
  const undo = () => {
    putBack();
    say(t('plan.addedSay', { course: courseName(out) }));
    focusOn(`grip-${out}`);
  };
  return (
    <p class="undo">
      {t('plan.removed', { course: courseName(out) })}{' '}
      <Button kind="quiet" id={UNDO} onClick={undo}>
        {t('plan.undo')}
      </Button>
    </p>
  );
}
