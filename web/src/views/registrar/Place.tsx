// Enrols a student in a course, or moves her inside one: a section of each component, and a reason.
import { useEffect, useState } from 'preact/hooks';
import { named, t } from '../../i18n';
import { api, Failed } from '../../store/api';
import { actOnStudent } from '../../store/registrar';
import { Checkbox } from '../../ui/basics';
import { seatWords } from '../../ui/Seats';
import { courseName, kindName, shortKey, when } from '../../ui/words';
import type { ComponentView } from '../../wire/ComponentView';
import type { CourseView } from '../../wire/CourseView';
import type { EnrolmentView } from '../../wire/EnrolmentView';
import type { SectionView } from '../../wire/SectionView';
import { code, type Fault, faultOf } from './model/check';
import { firstSections, placeFault } from './model/place';
import { ActDialog } from './parts/act';
import { Choose, Field } from './parts/Field';

const LOOK_MS = 300;

type Looked = CourseView | 'looking' | 'unknown' | 'offline' | null;

/** The course of this code, with its seats at this moment. */
function useCourse(text: string): Looked {
  const [found, setFound] = useState<Looked>(null);
  useEffect(() => {
    const wanted = code(text, 'fault.course');
    if ('fault' in wanted) {
      setFound(null);
      return;
    }
    setFound('looking');
    let gone = false;
    const timer = setTimeout(async () => {
      const path = `/api/catalogue/${encodeURIComponent(wanted.value)}?seats=true`;
      const course = await api<CourseView>(path).catch((e) => {
        if (!(e instanceof Failed)) throw e;
        return e.status === 404 || e.status === 422 ? 'unknown' : 'offline';
      });
      if (!gone) setFound(course as Looked);
    }, LOOK_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [text]);
  return found;
}

const option = (s: SectionView): string =>
  [shortKey(s.key), when(s), seatWords({ left: s.left, status: s.status ?? 'open' })]
    .filter(Boolean)
    .join(' · ');

const Component = (props: {
  component: ComponentView;
  at: number;
  value: string;
  onChange: (key: string) => void;
}) => (
  <Choose
    id={`component-${props.at}`}
    label={kindName(props.component.kind)}
    value={props.value}
    options={props.component.sections.map((s) => [s.key, option(s)] as const)}
    onChange={props.onChange}
  />
);

const courseFault = (text: string, found: Looked): Fault | null => {
  const written = faultOf(code(text, 'fault.course'));
  if (written) return written;
  if (found === 'unknown') return { key: 'fault.unknownCourse', params: { course: text.trim() } };
  if (found === 'offline') return { key: 'fault.courseUnread' };
  return found === 'looking' ? { key: 'fault.courseLooking' } : null;
};

export function Place(props: { student: string; from?: EnrolmentView; onClose: () => void }) {
  const { student, from, onClose } = props;
  const [text, setText] = useState(from?.course ?? '');
  const [asked, setAsked] = useState(false);
  const [chosen, setChosen] = useState<Record<number, string>>({});
  const [over, setOver] = useState(false);
  const [override, setOverride] = useState(false);
  const [same, setSame] = useState<Fault | null>(null);
  const found = useCourse(text);
  const course = typeof found === 'object' ? found : null;
  const sections = course ? firstSections(course, from?.sections ?? [], chosen) : [];
  const fault = asked || found === 'unknown' ? courseFault(text, found) : null;
  const send = (reason: string | null) => {
    setAsked(true);
    if (!course) return null;
    const wrong = placeFault(sections, from?.sections);
    setSame(wrong);
    if (wrong) return null;
    return () =>
      actOnStudent(from ? 'move' : 'enrol', {
        course: course.key,
        sections,
        over_capacity: over,
        override_checks: override,
        reason,
      });
  };
  return (
    <ActDialog
      title={
        from
          ? t('place.moveTitle', { course: courseName(from.course), student })
          : t('place.enrolTitle', { student })
      }
      go={from ? t('place.moveGo') : t('place.enrolGo')}
      needsReason
      send={send}
      onClose={onClose}
    >
      {!from && (
        <Field
          id="course"
          label={t('place.course')}
          hint={t('place.courseHint')}
          value={text}
          fault={fault}
          onInput={(to) => {
            setText(to);
            setChosen({});
            setAsked(false);
          }}
        />
      )}
      <div role="status">
        {course && <p>{named(course.name)}</p>}
        {from && !course && <p class="quiet">{t('app.loading')}</p>}
      </div>
      {course?.components.map((component, at) => (
        <Component
          key={component.sections[0]?.key ?? at}
          component={component}
          at={at}
          value={sections[at] ?? ''}
          onChange={(key) => {
            setChosen({ ...chosen, [at]: key });
            setSame(null);
          }}
        />
      ))}
      {same && <p class="field-fault">{t('fault.sameSections')}</p>}
      <Checkbox checked={over} onChange={setOver}>
        {t('place.over')}
      </Checkbox>
      {over && <p class="hint">{t('place.overWhat')}</p>}
      <Checkbox checked={override} onChange={setOverride}>
        {t('place.override')}
      </Checkbox>
      {override && <p class="hint">{t('place.overrideWhat')}</p>}
    </ActDialog>
  );
}
