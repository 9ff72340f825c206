// What became of one course, and what can be done with it.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { stamp } from '../../i18n/format';
import { covers } from '../../model/windows';
import { drop, leaveWaitlist } from '../../store/actions';
import { courses, findSection } from '../../store/catalogue';
import { enrolments, line, outcomes, pending, waitlist, windows } from '../../store/store';
import { Button, Confirm, Mark, type Tone } from '../../ui/basics';
import type { IconName } from '../../ui/Icon';
import { courseName, reasonText, sectionName, when } from '../../ui/words';
import type { OutcomeView } from '../../wire/OutcomeView';
import { Again, Swap } from './Choose';

type Kind = 'enrolled' | 'waitlisted' | 'refused' | 'dropped' | 'left_waitlist';
const LOOK: Record<Kind, [Tone, IconName]> = {
  enrolled: ['good', 'check'],
  waitlisted: ['wait', 'wait'],
  refused: ['bad', 'cross'],
  dropped: ['quiet', 'minus'],
  left_waitlist: ['quiet', 'minus'],
};

/** What holds now: a seat or a wait that is gone was given up. */
function kindOf(enrolled: boolean, waits: boolean, told: OutcomeView | undefined): Kind {
  if (enrolled) return 'enrolled';
  if (waits) return 'waitlisted';
  if (told?.outcome === 'enrolled') return 'dropped';
  if (told?.outcome === 'waitlisted') return 'left_waitlist';
  return (told?.outcome as Kind | undefined) ?? 'dropped';
}

const asksFor = (code: string): boolean =>
  Object.values(pending.value).some(
    (p) =>
      ('course' in p && p.course === code) ||
      ('from' in p && p.from === code) ||
      (p.type === 'submit' && p.courses?.some((r) => r.course === code)),
  );

/** An open window for this course in whose line she is not. */
export const openFor = (code: string) =>
  windows.value.find(
    (w) =>
      w.state === 'open' &&
      covers(w, courses.value.get(code)) &&
      !line.value.some((l) => l.window === w.key),
  );

const Sections = ({ keys }: { keys: string[] }) => (
  <ul class="sections">
    {keys.map((key) => {
      const section = findSection(key)?.section;
      return (
        <li key={key}>
          <strong>{sectionName(key)}</strong> {section && when(section)}
          {section?.meetings[0]?.place && <span class="quiet"> · {section.meetings[0].place}</span>}
        </li>
      );
    })}
  </ul>
);

type Asking = 'drop' | 'leave' | 'swap' | 'again' | null;

function Actions({ code, kind, ask }: { code: string; kind: Kind; ask: (a: Asking) => void }) {
  const busy = asksFor(code);
  const waits = waitlist.value.some((w) => w.course === code);
  const open = openFor(code);
  const choice = courses.value.get(code)?.components.some((c) => c.sections.length > 1);
  if (busy) {
    return (
      <Mark tone="quiet" icon="wait">
        {t('outcomes.sent')}
      </Mark>
    );
  }
  return (
    <div class="row">
      {kind === 'enrolled' && open && !waits && choice && (
        <Button onClick={() => ask('swap')}>{t('outcome.swap')}</Button>
      )}
      {kind === 'enrolled' && <Button onClick={() => ask('drop')}>{t('outcome.drop')}</Button>}
      {waits && <Button onClick={() => ask('leave')}>{t('outcome.leave')}</Button>}
      {/refused|dropped|left/.test(kind) && open && (
        <Button onClick={() => ask('again')}>{t('outcome.again')}</Button>
      )}
      {kind === 'refused' && open && <a href="/">{t('outcome.other')}</a>}
    </div>
  );
}

function Ask({ code, asking, close }: { code: string; asking: Asking; close: () => void }) {
  const course = courseName(code);
  if (asking === 'drop') {
    return (
      <Confirm
        title={t('outcome.dropSure', { course })}
        text={t('outcome.dropWhat')}
        go={t('outcome.drop')}
        onGo={() => drop(code)}
        onClose={close}
      />
    );
  }
  if (asking === 'leave') {
    return (
      <Confirm
        title={t('outcome.leaveSure', { course })}
        text={t('outcome.leaveWhat')}
        go={t('outcome.leave')}
        onGo={() => leaveWaitlist(code)}
        onClose={close}
      />
    );
  }
  if (asking === 'swap') return <Swap code={code} onClose={close} />;
  return asking === 'again' ? <Again code={code} onClose={close} /> : null;
}

function Notes({ code }: { code: string }) {
  const seat = enrolments.value.find((e) => e.course === code);
  const wait = waitlist.value.find((w) => w.course === code);
  const told = outcomes.value.find((o) => o.course === code);
  const swapNo = seat && told?.outcome === 'refused' && !/^already/.test(told.reason ?? '');
  return (
    <>
      {seat && wait && (
        <Mark tone="wait" icon="wait">
          {t('outcome.waitlisted')}, {t('outcome.rank', { n: wait.rank })}
        </Mark>
      )}
      {wait?.keeps && <p>{t('outcome.keeps', { course: courseName(wait.keeps) })}</p>}
      {seat && told?.clash && (
        <Mark tone="wait" icon="warn">
          {t('outcome.clash')}
        </Mark>
      )}
      {swapNo && (
        <p>{t('outcome.swapNo', { reason: reasonText(told.reason ?? '', told.about) })}</p>
      )}
    </>
  );
}

export function OutcomeCard({ code }: { code: string }) {
  const [asking, ask] = useState<Asking>(null);
  const seat = enrolments.value.find((e) => e.course === code);
  const wait = waitlist.value.find((w) => w.course === code);
  const told = outcomes.value.find((o) => o.course === code);
  const kind = kindOf(!!seat, !!wait, told);
  const [tone, icon] = LOOK[kind];
  const journal = seat?.journal ?? told?.journal;
  const at = seat?.at ?? (told?.journal === journal ? told?.at : undefined);
  return (
    <li class={`outcome ${kind}`} data-course={code}>
      <Mark tone={tone} icon={icon}>
        <strong>{t(`outcome.${kind}`)}</strong>
        {kind === 'waitlisted' && wait && `, ${t('outcome.rank', { n: wait.rank })}`}
        {kind === 'refused' && told?.reason && `: ${reasonText(told.reason, told.about)}`}
      </Mark>
      <h2>
        {courseName(code)} <span class="code">{code}</span>
      </h2>
      {seat && <Sections keys={seat.sections} />}
      <Notes code={code} />
      {journal !== undefined && (
        <p class="receipt">
          {t('outcome.receipt', { n: `${journal}` })}
          {at && ` · ${stamp(at)}`}
        </p>
      )}
      <Actions code={code} kind={kind} ask={ask} />
      <Ask code={code} asking={asking} close={() => ask(null)} />
    </li>
  );
}
