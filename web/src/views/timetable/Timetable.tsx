// Her week from what she is enrolled in: one week at a time, as a grid and as a list.
import { useEffect, useState } from 'preact/hooks';
import { named, t } from '../../i18n';
import { dayLong, dayShort, hour, number } from '../../i18n/format';
import {
  dayOf,
  examsOf,
  inWeek,
  mondayOf,
  plusDays,
  weekNow,
  weekNumber,
  weeksOf,
} from '../../model/calendar';
import type { Slot } from '../../model/week';
import { findSection, lookUp } from '../../store/catalogue';
import { timetable } from '../../store/resources';
import { enrolments, serverNow } from '../../store/store';
import { Button, Empty, Fetched, IconButton } from '../../ui/basics';
import { WeekGrid } from '../../ui/WeekGrid';
import { courseName, kindName, sectionName, shortKey } from '../../ui/words';
import type { Timetable as TimetableView } from '../../wire/Timetable';
import type { TimetableEntry } from '../../wire/TimetableEntry';
import { Calendar } from './Calendar';

interface On {
  entry: TimetableEntry;
  day: string;
}

const slotOf = ({ entry }: On): Slot => {
  const { weekday, start, end, weeks, place } = entry;
  const meeting = { weekday, start, end, weeks, place };
  return { course: entry.course, section: entry.section, kind: entry.kind, meeting, held: true };
};

const Item = ({ on: { entry } }: { on: On }) => (
  <li>
    <span class="figures">
      {hour(entry.start)}–{hour(entry.end)}
    </span>
    <span>
      <strong>{named(entry.name)}</strong>
      <span class="meta">
        {kindName(entry.kind)} {shortKey(entry.section)}
        {entry.place && ` · ${entry.place}`}
      </span>
    </span>
  </li>
);

/** Days with what is on them, in order. */
function Days({ list }: { list: On[] }) {
  const days = [...new Set(list.map((x) => x.day))].sort();
  return (
    <div class="days">
      {days.map((day) => (
        <section class="day" key={day}>
          <h3>{dayLong(day)}</h3>
          <ul>
            {list
              .filter((x) => x.day === day)
              .sort((a, b) => a.entry.start - b.entry.start)
              .map((x) => (
                <Item key={`${x.entry.section} ${x.entry.start}`} on={x} />
              ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

const weekName = (monday: string): string =>
  t('timetable.week', {
    n: `${weekNumber(monday)}`,
    from: dayShort(monday),
    to: dayShort(plusDays(monday, 6)),
  });

function WeekChoice(props: {
  weeks: string[];
  busy: Set<string>;
  week: string;
  today: string;
  onChange: (week: string) => void;
}) {
  const { weeks, busy, week, today, onChange } = props;
  const step = (n: number) => {
    const to = weeks[weeks.indexOf(week) + n];
    if (to) onChange(to);
  };
  const now = mondayOf(today);
  return (
    <div class="row week-choice no-print">
      <IconButton icon="previous" label={t('timetable.before')} onClick={() => step(-1)} />
      <label>
        <span class="hidden">{t('timetable.choose')}</span>
        <select value={week} onChange={(e) => onChange(e.currentTarget.value)}>
          {weeks.map((w) => (
            <option key={w} value={w}>
              {weekName(w)}
              {!busy.has(w) && ` · ${t('timetable.free')}`}
            </option>
          ))}
        </select>
      </label>
      <IconButton icon="next" label={t('timetable.after')} onClick={() => step(1)} />
      {weeks.includes(now) && now !== week && (
        <Button onClick={() => onChange(now)}>{t('timetable.thisWeek')}</Button>
      )}
    </div>
  );
}

function Exams({ entries, today }: { entries: TimetableEntry[]; today: string }) {
  const all = examsOf(entries);
  const coming = all.filter((x) => x.day >= today);
  const gone = all.length - coming.length;
  if (!all.length) return null;
  return (
    <section aria-labelledby="exams-title">
      <h2 id="exams-title">{t('timetable.exams')}</h2>
      <Days list={coming} />
      {gone > 0 && <p class="quiet">{t('timetable.examsGone', { n: gone })}</p>}
    </section>
  );
}

function Timeless() {
  const keys = enrolments.value
    .flatMap((e) => e.sections)
    .filter((key) => findSection(key)?.section.meetings.length === 0);
  if (!keys.length) return null;
  return (
    <section aria-labelledby="timeless-title">
      <h2 id="timeless-title">{t('timetable.noTime')}</h2>
      <ul class="plain">
        {keys.map((key) => (
          <li key={key}>
            {courseName(key.slice(0, key.lastIndexOf('/')))}: {sectionName(key)}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Weeks({ all }: { all: TimetableView }) {
  const [chosen, choose] = useState<string | null>(null);
  const today = dayOf(serverNow.value);
  const weeks = weeksOf(all.meetings);
  const busy = new Set(all.meetings.flatMap((m) => m.dates.map(mondayOf)));
  const week = chosen && weeks.includes(chosen) ? chosen : weekNow(weeks, busy, today);
  if (!week) return null;
  const list = inWeek(all.meetings, week);
  return (
    <>
      <WeekChoice weeks={weeks} busy={busy} week={week} today={today} onChange={choose} />
      <p class="hidden" role="status">
        {chosen && `${weekName(week)}: ${t('timetable.meetings', { n: list.length })}`}
      </p>
      {list.length === 0 ? (
        <Empty icon="timetable" title={t('timetable.freeWeek', { n: number(weekNumber(week)) })} />
      ) : (
        <>
          <WeekGrid slots={list.map(slotOf)} />
          <h2>{t('week.list')}</h2>
          <Days list={list} />
        </>
      )}
      <Exams entries={all.meetings} today={today} />
    </>
  );
}

export function Timetable() {
  const held = enrolments.value;
  useEffect(() => {
    lookUp(held.map((e) => e.course));
    void timetable.load(); // another seat, another week
  }, [held]);
  return (
    <>
      <h1>{t('timetable.title')}</h1>
      {!held.length ? (
        <Empty icon="timetable" title={t('timetable.empty')}>
          {t('timetable.emptyWhat')} <a href="/">{t('opening.toPlan')}</a>
        </Empty>
      ) : (
        <Fetched of={timetable}>{(all) => <Weeks all={all} />}</Fetched>
      )}
      <Timeless />
      <Calendar />
    </>
  );
}
