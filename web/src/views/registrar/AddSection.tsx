// One more section like one that is there: for when seats will be short, the day before.
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { weekday } from '../../i18n/format';
import { Failed } from '../../store/api';
import { addSection, readCourse } from '../../store/registrar';
import { Button, Checkbox, Loading, Mark } from '../../ui/basics';
import { shortKey } from '../../ui/words';
import type { BoardSection } from '../../wire/BoardSection';
import type { CourseView } from '../../wire/CourseView';
import type { ImportAnswer } from '../../wire/ImportAnswer';
import type { SectionView } from '../../wire/SectionView';
import * as addition from './model/addition';
import { focusFault, Problem, Submit, useAct } from './parts/act';
import { Choose, Field } from './parts/Field';

/** What has the focus when a meeting was taken out. */
const MORE = 'add-meeting';
const DAYS = [1, 2, 3, 4, 5, 6, 7];

interface MeetingProps {
  n: number;
  value: addition.MeetingForm;
  faults: addition.MeetingFaults | undefined;
  onChange: (to: addition.MeetingForm) => void;
  onRemove: () => void;
}

function Meeting({ n, value, faults, onChange, onRemove }: MeetingProps) {
  const put = (part: Partial<addition.MeetingForm>) => onChange({ ...value, ...part });
  const id = (of: string) => `meeting-${n}-${of}`;
  return (
    <fieldset class="meeting">
      <legend>{t('add.meeting', { n })}</legend>
      <Choose
        id={id('day')}
        label={t('add.day')}
        value={`${value.day}`}
        options={DAYS.map((d) => [`${d}`, weekday(d, 'long')] as const)}
        onChange={(day) => put({ day: Number(day) })}
      />
      <Field
        id={id('start')}
        label={t('add.start')}
        hint={t('add.timeHint')}
        value={value.start}
        fault={faults?.start}
        onInput={(start) => put({ start })}
      />
      <Field
        id={id('end')}
        label={t('add.end')}
        hint={t('add.timeHint')}
        value={value.end}
        fault={faults?.end}
        onInput={(end) => put({ end })}
      />
      <Field
        id={id('weeks')}
        label={t('add.weeks')}
        hint={t('add.weeksHint')}
        value={value.weeks}
        fault={faults?.weeks}
        onInput={(weeks) => put({ weeks })}
      />
      <Field
        id={id('place')}
        label={t('add.place')}
        value={value.place}
        onInput={(place) => put({ place })}
      />
      <div class="row">
        <Button kind="quiet" icon="cross" onClick={onRemove}>
          {t('add.less', { n })}
        </Button>
      </div>
    </fieldset>
  );
}

interface MeetingsProps {
  list: addition.MeetingForm[];
  faults: addition.MeetingFaults[] | undefined;
  onChange: (to: addition.MeetingForm[]) => void;
}

const Meetings = ({ list, faults, onChange }: MeetingsProps) => (
  <>
    {list.map((value, i) => (
      <Meeting
        key={i}
        n={i + 1}
        value={value}
        faults={faults?.[i]}
        onChange={(to) => onChange(list.map((m, at) => (at === i ? to : m)))}
        onRemove={() => {
          onChange(list.filter((_, at) => at !== i));
          requestAnimationFrame(() => document.getElementById(MORE)?.focus());
        }}
      />
    ))}
    {!list.length && <p class="quiet">{t('add.none')}</p>}
    <div class="row">
      <Button
        id={MORE}
        icon="plus"
        disabled={list.length >= addition.MEETINGS_MAX}
        onClick={() => onChange([...list, list.at(-1) ?? addition.noMeeting])}
      >
        {t('add.more')}
      </Button>
    </div>
  </>
);

interface Props {
  section: BoardSection;
  onAdded: (section: string) => void;
  onBack: () => void;
}

function Form(props: Props & { course: CourseView; like: SectionView }) {
  const { course, like } = props;
  const ref = useRef<HTMLFormElement>(null);
  const [form, setForm] = useState(() => addition.formLike(course, like, props.section.capacity));
  const [faults, setFaults] = useState<addition.Faults | null>(null);
  const full = `${course.key}/${form.key.trim()}`;
  const { busy, problem, send } = useAct<ImportAnswer>(() => props.onAdded(full));
  const put = (part: Partial<addition.AdditionForm>) => setForm({ ...form, ...part });
  const submit = (e: Event) => {
    e.preventDefault();
    if (busy) return;
    const found = addition.faults(course, form);
    setFaults(found);
    focusFault(ref.current);
    if (found) return;
    // What the course is, is read anew: another may have changed it while this was typed.
    void send(async () => {
      const now = await readCourse(course.key);
      return addSection(full, addition.fileOf(now, like, form));
    });
  };
  return (
    <form ref={ref} class="form" onSubmit={submit} noValidate>
      <p>
        {t('add.what')} {like.parent && t('add.parent', { parent: shortKey(like.parent) })}
      </p>
      <Field
        id="add-key"
        label={t('add.key')}
        hint={t('add.keyHint')}
        value={form.key}
        fault={faults?.key}
        onInput={(key) => put({ key })}
      />
      <Field
        id="add-seats"
        label={t('section.capacityLabel')}
        value={form.seats}
        inputMode="numeric"
        disabled={form.unlimited}
        fault={faults?.seats}
        onInput={(seats) => put({ seats })}
      />
      <Checkbox checked={form.unlimited} onChange={(unlimited) => put({ unlimited })}>
        {t('section.unlimited')}
      </Checkbox>
      <Meetings
        list={form.meetings}
        faults={faults?.meetings}
        onChange={(meetings) => {
          put({ meetings });
          // What is wrong with one of them does not go over to the next.
          if (meetings.length !== form.meetings.length) setFaults(null);
        }}
      />
      <Problem of={problem} />
      <div class="row">
        <Submit busy={busy}>{t('add.go')}</Submit>
        <Button onClick={props.onBack}>{t('app.cancel')}</Button>
      </div>
    </form>
  );
}

/** Why there is no form, and the way on. */
const Not = (props: { why: string; onAgain?: () => void; onBack: () => void }) => (
  <>
    <Mark tone="wait" icon="warn">
      {props.why}
    </Mark>
    <div class="row">
      {props.onAgain && <Button onClick={props.onAgain}>{t('app.again')}</Button>}
      <Button onClick={props.onBack}>{t('app.cancel')}</Button>
    </div>
  </>
);

export function AddSection(props: Props) {
  const { section: s } = props;
  const [course, setCourse] = useState<CourseView | 'unread' | null>(null);
  const [tries, again] = useState(0);
  useEffect(() => {
    let gone = false;
    setCourse(null);
    void readCourse(s.course)
      .catch((e) => {
        if (e instanceof Failed) return 'unread' as const;
        throw e;
      })
      .then((found) => gone || setCourse(found));
    return () => {
      gone = true;
    };
  }, [s.course, tries]);
  const known = course && course !== 'unread' ? course : null;
  const like = known?.components.flatMap((c) => c.sections).find((x) => x.key === s.section);
  return (
    <>
      <h3>{t('add.title', { section: s.section })}</h3>
      {known && like && !known.part_of && <Form {...props} course={known} like={like} />}
      {course === null && <Loading />}
      {known?.part_of && (
        <Not why={t('add.alone', { course: known.part_of })} onBack={props.onBack} />
      )}
      {course !== null && !like && (
        <Not why={t('add.unread')} onAgain={() => again(tries + 1)} onBack={props.onBack} />
      )}
    </>
  );
}
