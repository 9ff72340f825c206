// What her programme asks for in a term that can be registered for, required first.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { termsAhead } from '../../model/windows';
import { courses, requirements } from '../../store/catalogue';
import { completed } from '../../store/resources';
import { enrolments, windows, year } from '../../store/store';
import { Button, Tag } from '../../ui/basics';
import { CourseLine } from './CourseLine';

/** So many a phone shows at first, the required ones before others. */
const FEW = 4;

export function Programme() {
  const [whole, setWhole] = useState(false);
  const held = new Set(enrolments.value.map((e) => e.course));
  const all = requirements.value ?? [];
  const terms = termsAhead(windows.value);
  const given = (code: string) => {
    const term = courses.value.get(code)?.term;
    return !term || !terms.size || terms.has(term);
  };
  const open = all.filter((r) => !held.has(r.course) && !completed.value.has(r.course));
  const wanted = open.filter((r) => given(r.course));
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
      <ul class={whole ? 'courses' : 'courses folded'}>
        {wanted.map((r, i) => {
          const course = courses.value.get(r.course);
          const note = <Tag>{r.required ? t('plan.required') : t('plan.optional')}</Tag>;
          return (
            course && <CourseLine key={r.course} course={course} note={note} more={i >= FEW} />
          );
        })}
      </ul>
      {wanted.length > FEW && (
        <div class="fold">
          <Button
            kind="quiet"
            icon={whole ? 'minus' : 'down'}
            expanded={whole}
            onClick={() => setWhole(!whole)}
          >
            {whole ? t('plan.fewCourses') : t('plan.allCourses', { n: wanted.length })}
          </Button>
        </div>
      )}
    </section>
  );
}
