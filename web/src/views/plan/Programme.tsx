// What her programme asks for, required first.
import { t } from '../../i18n';
import { courses, requirements } from '../../store/catalogue';
import { completed } from '../../store/resources';
import { enrolments, year } from '../../store/store';
import { Tag } from '../../ui/basics';
import { CourseLine } from './CourseLine';

export function Programme() {
  const held = new Set(enrolments.value.map((e) => e.course));
  const all = requirements.value ?? [];
  const wanted = all.filter((r) => !held.has(r.course) && !completed.value.has(r.course));
  const passed = all.filter((r) => completed.value.has(r.course)).length;
  if (!wanted.length && !passed) return null;
  return (
    <section aria-labelledby="programme-title">
      <h2 id="programme-title">
        {year.value ? t('plan.forYou', { year: year.value }) : t('plan.forYouAny')}
      </h2>
      {passed > 0 && (
        <p class="quiet">
          {t('plan.passed', { n: passed })} <a href="/results">{t('plan.toResults')}</a>
        </p>
      )}
      <ul class="courses">
        {wanted.map((r) => {
          const course = courses.value.get(r.course);
          const note = <Tag>{r.required ? t('plan.required') : t('plan.optional')}</Tag>;
          return course && <CourseLine key={r.course} course={course} note={note} />;
        })}
      </ul>
    </section>
  );
}
