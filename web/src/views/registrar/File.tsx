// What there is about one student, and what can be done for her.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { number } from '../../i18n/format';
import { courses, lookUp } from '../../store/catalogue';
import { actOnStudent } from '../../store/registrar';
import { Button } from '../../ui/basics';
import { courseName, kindName, sectionName } from '../../ui/words';
import type { CourseRequestDto } from '../../wire/CourseRequestDto';
import type { EnrolmentView } from '../../wire/EnrolmentView';
import type { StudentFile } from '../../wire/StudentFile';
import { BlockList } from './Blocks';
import { FileMessages } from './FileMessages';
import { FileOutcomes } from './FileOutcomes';
import { blockName, windowName } from './model/names';
import { Place } from './Place';
import { ActDialog } from './parts/act';
import { Figure } from './parts/Figure';

export const Part = (props: { id: string; title: string; children: ComponentChildren }) => (
  <section class="file-part" aria-labelledby={props.id}>
    <h3 id={props.id}>{props.title}</h3>
    {props.children}
  </section>
);

export const None = () => <p class="quiet">{t('file.none')}</p>;

/** A course with its code. */
export const Course = ({ code }: { code: string }) => (
  <>
    <strong>{courseName(code)}</strong> <span class="code">{code}</span>
  </>
);

export const sectionNames = (keys: readonly string[] | undefined): string =>
  (keys ?? []).map(sectionName).join(', ');

/** What she accepts of a course: per component any group, or some in order. */
function accepts(r: CourseRequestDto): string {
  const components = courses.value.get(r.course)?.components ?? [];
  const named = (r.choices ?? []).flatMap((choice, i) => {
    if (!Array.isArray(choice)) return [];
    const kind = components[i]?.kind;
    const keys = choice.map((key) => key.slice(key.lastIndexOf('/') + 1)).join(' › ');
    return [kind ? `${kindName(kind).toLowerCase()} ${keys}` : keys];
  });
  return named.join('; ') || t('plan.any');
}

function Plan({ file: f }: { file: StudentFile }) {
  if (!f.plan.courses.length) return <None />;
  return (
    <ol class="ranked">
      {f.plan.courses.map((r) => {
        const blocked = f.plan.blockers.find((b) => b.course === r.course)?.blockers ?? [];
        return (
          <li key={r.course}>
            <Course code={r.course} />
            <p class="meta">
              {accepts(r)}
              {r.waitlist && ` · ${t('file.waits')}`}
            </p>
            {blocked.map((b) => (
              <p key={b.reason} class="mark bad">
                {blockName(b.reason)} {b.about}
              </p>
            ))}
          </li>
        );
      })}
    </ol>
  );
}

function Enrolment({ seat, student }: { seat: EnrolmentView; student: string }) {
  const [asking, ask] = useState<'drop' | 'move' | null>(null);
  const close = () => ask(null);
  return (
    <li data-enrolment={seat.course}>
      <Course code={seat.course} />
      <p class="meta">
        {sectionNames(seat.sections)} · {t('card.receipt', { n: `${seat.journal}` })}
      </p>
      <div class="row">
        <Button
          label={t('list.actOf', { act: t('file.move'), what: seat.course })}
          onClick={() => ask('move')}
        >
          {t('file.move')}
        </Button>
        <Button
          label={t('list.actOf', { act: t('file.drop'), what: seat.course })}
          onClick={() => ask('drop')}
        >
          {t('file.drop')}
        </Button>
      </div>
      {asking === 'move' && <Place student={student} from={seat} onClose={close} />}
      {asking === 'drop' && (
        <ActDialog
          title={t('file.dropSure', { course: courseName(seat.course), student })}
          go={t('file.dropGo')}
          needsReason
          send={(reason) => () => actOnStudent('drop', { course: seat.course, reason })}
          onClose={close}
        >
          <p>{t('file.dropWhat')}</p>
        </ActDialog>
      )}
    </li>
  );
}

function Enrolments({ file: f }: { file: StudentFile }) {
  const [enrolling, enrol] = useState(false);
  return (
    <>
      {f.enrolments.length ? (
        <ul class="lines">
          {f.enrolments.map((e) => (
            <Enrolment key={e.course} seat={e} student={f.student} />
          ))}
        </ul>
      ) : (
        <None />
      )}
      <Button icon="plus" onClick={() => enrol(true)}>
        {t('file.enrol')}
      </Button>
      {enrolling && <Place student={f.student} onClose={() => enrol(false)} />}
    </>
  );
}

const Waitlists = ({ file: f }: { file: StudentFile }) =>
  f.waitlists.length ? (
    <ul class="lines">
      {f.waitlists.map((w) => (
        <li key={w.course}>
          <Course code={w.course} />
          <p class="meta">
            {t('file.rank', { n: w.rank })}
            {w.keeps && ` · ${t('file.keeps', { course: courseName(w.keeps) })}`}
          </p>
        </li>
      ))}
    </ul>
  ) : (
    <None />
  );

const Tickets = ({ file: f }: { file: StudentFile }) =>
  f.tickets.length ? (
    <ul class="lines">
      {f.tickets.map((ticket) => (
        <li key={`${ticket.window} ${ticket.ticket}`}>
          <strong>{windowName(ticket.window)}</strong>
          <p class="meta">
            {t('file.ticket', { n: `${ticket.ticket}` })}
            {ticket.position !== null && ` · ${t('file.place', { n: ticket.position })}`} ·{' '}
            {t('file.among', { n: ticket.among })}
          </p>
        </li>
      ))}
    </ul>
  ) : (
    <None />
  );

/** Every course that is named, so that it has its name. */
const codesOf = (f: StudentFile): string[] =>
  [...f.plan.courses, ...f.enrolments, ...f.waitlists, ...f.outcomes].map((x) => x.course);

export function StudentFileView({ file: f }: { file: StudentFile }) {
  useEffect(() => lookUp(codesOf(f)), [f]);
  return (
    <>
      <dl class="figures-row">
        <Figure name={t('file.programme')}>{f.programme ?? t('list.none')}</Figure>
        <Figure name={t('file.year')}>{f.year ? number(f.year) : t('list.none')}</Figure>
        <Figure name={t('file.credits')}>{number(f.plan.credits)}</Figure>
      </dl>
      <div class="file-parts">
        <div>
          <Part id="file-enrolments" title={t('file.enrolments')}>
            <Enrolments file={f} />
          </Part>
          <Part id="file-waitlists" title={t('file.waitlists')}>
            <Waitlists file={f} />
          </Part>
          <Part id="file-outcomes" title={t('file.outcomes')}>
            <FileOutcomes file={f} />
          </Part>
        </div>
        <div>
          <Part id="file-blocks" title={t('file.blocks')}>
            <BlockList file={f} />
          </Part>
          <Part id="file-line" title={t('file.line')}>
            <Tickets file={f} />
          </Part>
          <Part id="file-plan" title={t('file.plan')}>
            <Plan file={f} />
          </Part>
          <Part id="file-messages" title={t('file.messages')}>
            <FileMessages list={f.messages} />
          </Part>
        </div>
      </div>
    </>
  );
}
