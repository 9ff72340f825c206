import { useEffect } from 'preact/hooks';
import { t } from '../../i18n';
import { hour, weekday } from '../../i18n/format';
import { type Slot, weekRanges } from '../../model/week';
import { findSection, lookUp } from '../../store/catalogue';
import { enrolments } from '../../store/store';
import { Empty } from '../../ui/basics';
import { heldSlots } from '../../ui/slots';
import { WeekGrid } from '../../ui/WeekGrid';
import { courseName, kindName, sectionName, shortKey } from '../../ui/words';

function Day({ day, slots }: { day: number; slots: Slot[] }) {
  const list = slots
    .filter((s) => s.meeting.weekday === day)
    .sort((a, b) => a.meeting.start - b.meeting.start);
  if (!list.length) return null;
  return (
    <section class="day">
      <h3>{weekday(day, 'long')}</h3>
      <ul>
        {list.map((s) => (
          <li key={`${s.section} ${s.meeting.start} ${s.meeting.weeks}`}>
            <span class="figures">
              {hour(s.meeting.start)}–{hour(s.meeting.end)}
            </span>
            <span>
              <strong>{courseName(s.course)}</strong>
              <span class="meta">
                {kindName(s.kind)} {shortKey(s.section)} · {s.meeting.place} ·{' '}
                {t('time.weeks', { weeks: weekRanges(s.meeting.weeks) })}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Timetable() {
  useEffect(() => lookUp(enrolments.value.map((e) => e.course)));
  const slots = heldSlots(enrolments.value);
  const timeless = enrolments.value
    .flatMap((e) => e.sections)
    .filter((key) => findSection(key)?.section.meetings.length === 0);
  return (
    <>
      <h1>{t('timetable.title')}</h1>
      {!slots.length && !timeless.length ? (
        <Empty icon="timetable" title={t('timetable.empty')}>
          {t('timetable.emptyWhat')}
        </Empty>
      ) : (
        <>
          <WeekGrid slots={slots} />
          <h2>{t('week.list')}</h2>
          <div class="days">
            {[1, 2, 3, 4, 5, 6, 7].map((day) => (
              <Day key={day} day={day} slots={slots} />
            ))}
            {timeless.length > 0 && (
              <section class="day">
                <h3>{t('timetable.noTime')}</h3>
                <ul>
                  {timeless.map((key) => (
                    <li key={key}>{sectionName(key)}</li>
                  ))}
                </ul>
              </section>
            )}
          </div>
        </>
      )}
    </>
  );
}
