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

/** Colours by course, in order of first appearance: 1 to 6. */
const colours = (slots: Slot[]): Map<string, number> =>
  new Map([...new Set(slots.map((s) => s.course))].map((c, i) => [c, (i % 6) + 1]));

function Block({ slot, colour, from }: { slot: Placed; colour: number; from: number }) {
  const { meeting, clashes, lane, lanes } = slot;
  const row = (minutes: number) => Math.round((minutes - from) / STEP) + 1;
  const style = {
    gridRow: `${row(meeting.start)} / ${row(meeting.end)}`,
    width: `${100 / lanes}%`,
    marginInlineStart: `${(100 * lane) / lanes}%`,
  };
  const clash = clashes.length > 0;
  return (
    <li class={`block c${colour} ${slot.held ? 'held' : ''} ${clash ? 'clash' : ''}`} style={style}>
      <span class="block-time">
        {clash && <Icon name="warn" />}
        {hour(meeting.start)}
      </span>
      {/* Beside another there is room for the code alone; the name is read all the same. */}
      {lanes > 1 && (
        <span class="block-name" aria-hidden="true">
          {slot.course}
        </span>
      )}
      <span class={lanes > 1 ? 'hidden' : 'block-name'}>{courseName(slot.course)}</span>
      <span class={lanes > 1 ? 'hidden' : 'block-kind'}>
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
  const colour = colours(slots);
  const days = placed.some((s) => s.meeting.weekday > 5) ? [1, 2, 3, 4, 5, 6, 7] : [1, 2, 3, 4, 5];
  const hours = Array.from({ length: (to - from) / 60 }, (_, i) => from + i * 60);
  return (
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
                  key={`${s.section} ${s.meeting.start}`}
                  slot={s}
                  from={from}
                  colour={colour.get(s.course) ?? 1}
                />
              ))}
          </ul>
        </section>
      ))}
    </section>
  );
}
