// A course that can be added with one tap.
import type { ComponentChildren } from 'preact';
import { named, t } from '../../i18n';
import { credits } from '../../i18n/format';
import { addCourse } from '../../store/actions';
import { plan } from '../../store/store';
import { Button } from '../../ui/basics';
import { Icon } from '../../ui/Icon';
import { say } from '../../ui/live';
import { CourseSeats } from '../../ui/Seats';
import { kindName } from '../../ui/words';
import type { CourseView } from '../../wire/CourseView';

function add(course: CourseView): void {
  addCourse(course.key);
  say(t('plan.addedSay', { course: named(course.name) }));
}

export function CourseLine(props: {
  course: CourseView;
  note?: ComponentChildren;
  /** One of those that a phone shows on demand. */
  more?: boolean;
}) {
  const { course, note, more } = props;
  const name = named(course.name);
  const parts = course.components.map((c) =>
    c.sections.length > 1 ? `${kindName(c.kind)} (${c.sections.length})` : kindName(c.kind),
  );
  const meta = [
    t('plan.credits', { n: credits(course.credits) }),
    course.language?.toUpperCase(),
    course.period && t('plan.periodN', { n: course.period }),
  ];
  return (
    <li class={more ? 'course more' : 'course'} data-course={course.key}>
      <div class="course-body">
        <h3>{name}</h3>
        <p class="meta">
          {note} <span class="code">{course.key}</span> · {meta.filter(Boolean).join(' · ')}
        </p>
        <p class="meta">
          {parts.join(', ')} {parts.length > 0 && '· '}
          <CourseSeats course={course} />
        </p>
      </div>
      {plan.value.some((r) => r.course === course.key) ? (
        <p class="added">
          <Icon name="plan" /> {t('plan.added')}
        </p>
      ) : (
        <Button
          icon="plus"
          label={t('plan.addNamed', { course: name })}
          onClick={() => add(course)}
        >
          {/* A phone has room for the sign: the button's name is the course's all the same. */}
          <span class="add-word">{t('plan.add')}</span>
        </Button>
      )}
    </li>
  );
}
