// What her programme asks for, required first.
import { t } from '../../i18n';
import { courses, requirements } from '../../store/catalogue';
import { enrolments, state } from '../../store/store';
import { Tag } from '../../ui/basics';
import { CourseLine } from './CourseLine';

export function Programme() {
  const held = new Set(enrolments.value.map((e) => e.course));
  const wanted = (requirements.value ?? []).filter((r) => !held.has(r.course));
  if (!wanted.length) return null;
  const { year } = state.value;
  return (
    <section aria-labelledby="programme-title">
      <h2 id="programme-title">{year ? t('plan.forYou', { year }) : t('plan.forYouAny')}</h2>
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
