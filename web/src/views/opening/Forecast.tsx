// What one course can expect at her turn, and what fits instead with one tap.
import { named, t } from '../../i18n';
import { accepts } from '../../model/choices';
import { takeAlternative } from '../../store/actions';
import { courses, findSection } from '../../store/catalogue';
import { plan } from '../../store/store';
import { Button, Mark, type Tone } from '../../ui/basics';
import type { IconName } from '../../ui/Icon';
import { CourseSeats } from '../../ui/Seats';
import { courseName, sectionName, when } from '../../ui/words';
import type { ForecastView } from '../../wire/ForecastView';

/** Green and a tick are kept for what is final: that a seat is likely is neither. */
const LOOK: Record<string, [Tone, IconName]> = {
  likely: ['water', 'wait'],
  unlikely: ['wait', 'warn'],
  full: ['bad', 'cross'],
};

const verdict = (v: string): string =>
  v === 'likely'
    ? t('forecast.likely')
    : v === 'unlikely'
      ? t('forecast.unlikely')
      : t('forecast.full');

function accepted(section: string): boolean {
  const course = findSection(section)?.course;
  const request = plan.value.find((r) => r.course === course?.key);
  return !!course && !!request && accepts(course, request.choices, section);
}

function alternativeName(section: string, beside: string): string {
  const found = findSection(section);
  const other = found && found.course.key !== beside ? `${named(found.course.name)}, ` : '';
  return `${other}${sectionName(section)}${found ? ` (${when(found.section)})` : ''}`;
}

export function Forecast({ forecast: f }: { forecast: ForecastView }) {
  const course = courses.value.get(f.course);
  const request = plan.value.find((r) => r.course === f.course);
  const others = f.verdict === 'likely' ? [] : f.alternatives.filter((key) => !accepted(key));
  const [tone, icon] = LOOK[f.verdict] ?? ['quiet', 'wait'];
  return (
    <li class="forecast" data-course={f.course}>
      <div class="forecast-head">
        <div>
          <h4>{courseName(f.course)}</h4>
          <p class="meta">
            <span class="code">{f.course}</span> ·{' '}
            {course && (
              <CourseSeats
                key={JSON.stringify(request?.choices)}
                course={course}
                choices={request?.choices}
              />
            )}
          </p>
        </div>
        <Mark tone={tone} icon={icon}>
          {verdict(f.verdict)}
        </Mark>
      </div>
      {others.length > 0 && (
        <>
          <p>{t('forecast.fits')}</p>
          <div class="row">
            {others.map((key) => (
              <Button key={key} icon="plus" onClick={() => takeAlternative(key, f.course)}>
                {t('forecast.take', { section: alternativeName(key, f.course) })}
              </Button>
            ))}
          </div>
        </>
      )}
    </li>
  );
}
