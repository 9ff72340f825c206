// A week as a grid for the eye, and the same as a list for everybody else. A clash is marked with
// stripes, a sign and words, never by colour alone.
import { t } from '../i18n';
import { hour, weekday } from '../i18n/format';
import { type Placed, place, type Slot } from '../model/week';
import { Icon } from './Icon';
import { courseName, kindName, shortKey } from './words';

const FIRST = 8 * 60;
const LAST = 18 * 60;
const STEP = 15; // minutes a row

function range(slots: Placed[]): [number, number] {
  const from = Math.min(FIRST, ...slots.map((s) => Math.floor(s.meeting.start / 60) * 60));
  const to = Math.max(LAST, ...slots.map((s) => Math.ceil(s.meeting.end / 60) * 60));
  return [from, to];
}

const COLOURS = 6;

/** A letter for each course, for where a block has no room for a name: `A` to `Z`, then `A2`. */
const letter = (i: number): string =>
  `${String.fromCharCode(65 + (i % 26))}${i < 26 ? '' : Math.floor(i / 26) + 1}`;

interface BlockProps {
  slot: Placed;
  colour: number;
  sign: string;
  from: number;
}

function Block({ slot, colour, sign, from }: BlockProps) {
  const { meeting, clashes, lane, lanes } = slot;
  const row = (minutes: number) => Math.round((minutes - from) / STEP) + 1;
  const style = {
    gridRow: `${row(meeting.start)} / ${row(meeting.end)}`,
    width: `${100 / lanes}%`,
    marginInlineStart: `${(100 * lane) / lanes}%`,
  };
  const clash = clashes.length > 0;
  const tight = lanes > 1;
  const kind = `c${colour} ${slot.held ? 'held' : ''} ${clash ? 'clash' : ''}`;
  return (
    <li class={`block ${kind} ${tight ? 'tight' : ''}`} style={style}>
      <span class="block-time">
        {clash && <Icon name="warn" />}
        {hour(meeting.start)}
      </span>
      <span class="block-sign" aria-hidden="true">
        {sign}
      </span>
      {/* Where there is no room for the name, it is read all the same. */}
      <span class="block-code" aria-hidden="true">
        {slot.course}
      </span>
      <span class="block-name">{courseName(slot.course)}</span>
      <span class={tight ? 'hidden' : 'block-kind'}>
        {kindName(slot.kind)} {shortKey(slot.section)}
      </span>
      {!slot.held && <span class="hidden">{t('week.wish')}</span>}
      {clash && (
        <span class="hidden">
          {clashes.map((c) => t('week.clash', { course: courseName(c) })).join('. ')}
        </span>
      )}
    </li>
  );
}

export function WeekGrid({ slots }: { slots: Slot[] }) {
  const placed = place(slots);
  const [from, to] = range(placed);
  // In order of first appearance.
  const order = [...new Set(slots.map((s) => s.course))];
  const colour = (course: string) => (order.indexOf(course) % COLOURS) + 1;
  const days = placed.some((s) => s.meeting.weekday > 5) ? [1, 2, 3, 4, 5, 6, 7] : [1, 2, 3, 4, 5];
  const hours = Array.from({ length: (to - from) / 60 }, (_, i) => from + i * 60);
  return (
    <>
      <section class="week" aria-label={t('week.grid')}>
        <div class="week-hours" aria-hidden="true">
          {hours.map((h) => (
            <span key={h}>{h / 60}</span>
          ))}
        </div>
        {days.map((day) => (
          <section class="week-day" key={day} aria-label={weekday(day, 'long')}>
            <p class="week-name" aria-hidden="true">
              {weekday(day)}
            </p>
            <ul style={{ gridTemplateRows: `repeat(${(to - from) / STEP}, var(--row))` }}>
              {placed
                .filter((s) => s.meeting.weekday === day)
                .map((s) => (
                  <Block
                    key={`${s.section} ${s.meeting.start} ${s.meeting.weeks.join()}`}
                    slot={s}
                    from={from}
                    colour={colour(s.course)}
                    sign={letter(order.indexOf(s.course))}
                  />
                ))}
            </ul>
          </section>
        ))}
      </section>
      {/* For the eye on a narrow screen: each block says the name to whoever listens. */}
      <ul class="week-key" aria-hidden="true">
        {order.map((course, i) => (
          <li key={course} class={`c${colour(course)}`}>
            <span class="block-sign">{letter(i)}</span> {courseName(course)}{' '}
            <span class="code">{course}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
