// What became of one course, and what can be done with it.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { stamp } from '../../i18n/format';
import { exactly } from '../../model/choices';
import { drop, leaveWaitlist, submitOne } from '../../store/actions';
import { courses, findSection } from '../../store/catalogue';
import { waitlist } from '../../store/store';
import { givenUp } from '../../store/undo';
import { Button, Confirm, Mark, type Tone } from '../../ui/basics';
import type { IconName } from '../../ui/Icon';
import { courseName, reasonText, sectionName, when } from '../../ui/words';
import { Alternatives } from './Alternatives';
import { Again, Swap } from './Choose';
import {
  asksFor,
  isCancelled,
  type Kind,
  openFor,
  outcomeText,
  type Standing,
  standing,
  tradedFor,
  waitsInLine,
} from './standing';

const LOOK: Record<Kind, [Tone, IconName]> = {
  enrolled: ['good', 'check'],
  waitlisted: ['wait', 'wait'],
  refused: ['bad', 'cross'],
  dropped: ['quiet', 'minus'],
  left_waitlist: ['quiet', 'minus'],
};

const Sections = ({ keys }: { keys: string[] }) => (
  <ul class="sections">
    {keys.map((key) => {
      const section = findSection(key)?.section;
      return (
        <li key={key}>
          <strong>{sectionName(key)}</strong> {section && when(section)}
          {section?.meetings[0]?.place && <span class="quiet"> · {section.meetings[0].place}</span>}
          {isCancelled(key) && (
            <>
              {' '}
              <Mark tone="bad" icon="cross">
                {t('seats.cancelled')}
              </Mark>
            </>
          )}
        </li>
      );
    })}
  </ul>
);

type Asking = 'drop' | 'leave' | 'swap' | 'again' | null;

/** A seat she gave up a moment ago, while it can be asked for. */
function Undo({ code, by }: { code: string; by: string | undefined }) {
  const seat = givenUp.value.find((s) => s.course === code && s.id === by);
  const open = openFor(code);
  if (!seat || !open) return null;
  return (
    <>
      <Button onClick={() => submitOne(open.key, exactly(code, seat.sections))}>
        {t('card.undo')}
      </Button>
      <span class="quiet">{t('card.undoWhat')}</span>
    </>
  );
}

function Actions(props: { code: string; stands: Standing; ask: (a: Asking) => void }) {
  const { code, stands, ask } = props;
  const { kind, wait } = stands;
  const open = openFor(code);
  return (
    <div class="row">
      {kind === 'enrolled' && open && !wait && (
        <Button onClick={() => ask('swap')}>{t('card.swap')}</Button>
      )}
      {kind === 'enrolled' && <Button onClick={() => ask('drop')}>{t('card.drop')}</Button>}
      {kind === 'enrolled' && !wait && waitsInLine(code) && (
        <span class="quiet">{t('exchange.line')}</span>
      )}
      {wait && <Button onClick={() => ask('leave')}>{t('card.leave')}</Button>}
      {kind === 'dropped' && <Undo code={code} by={stands.told?.id} />}
      {/refused|dropped|left/.test(kind) && open && (
        <Button onClick={() => ask('again')}>{t('card.again')}</Button>
      )}
      {kind === 'refused' && open && <a href="/">{t('card.other')}</a>}
    </div>
  );
}

function Ask({ code, asking, close }: { code: string; asking: Asking; close: () => void }) {
  const course = courseName(code);
  if (asking === 'drop') {
    return (
      <Confirm
        title={t('card.dropSure', { course })}
        text={openFor(code) ? t('card.dropWhat') : t('card.dropClosed')}
        go={t('card.drop')}
        onGo={() => drop(code)}
        onClose={close}
      />
    );
  }
  if (asking === 'leave') {
    return (
      <Confirm
        title={t('card.leaveSure', { course })}
        text={t('card.leaveWhat')}
        go={t('card.leave')}
        onGo={() => leaveWaitlist(code)}
        onClose={close}
      />
    );
  }
  if (asking === 'swap') return <Swap code={code} onClose={close} />;
  return asking === 'again' ? <Again code={code} onClose={close} /> : null;
}

function Notes({ code, stands: { seat, wait, told } }: { code: string; stands: Standing }) {
  const swapNo = seat && told?.outcome === 'refused' && !/^already/.test(told.reason ?? '');
  const keptFor = waitlist.value.find((w) => w.keeps === code && w.course !== code);
  const gave = seat && told?.outcome === 'enrolled' && told.instead_of;
  const gone = seat ? undefined : tradedFor(code);
  return (
    <>
      {seat && wait && (
        <Mark tone="wait" icon="wait">
          {t('outcome.waitlisted')}, {t('outcome.rank', { n: wait.rank })}
        </Mark>
      )}
      {wait?.ahead && wait.ahead.length > 1 && (
        <p class="meta">
          {wait.ahead
            .map((a) => t('card.ahead', { n: a.ahead, section: sectionName(a.section) }))
            .join(' · ')}
        </p>
      )}
      {gave && gave !== code && <p>{t('exchange.gave', { course: courseName(gave) })}</p>}
      {gone && <p>{t('exchange.gone', { course: courseName(gone) })}</p>}
      {wait?.keeps && <p>{t('card.keeps', { course: courseName(wait.keeps) })}</p>}
      {keptFor && <p>{t('card.keptFor', { course: courseName(keptFor.course) })}</p>}
      {seat && told?.clash && (
        <Mark tone="wait" icon="warn">
          {t('card.clash')}
        </Mark>
      )}
      {swapNo && <p>{t('card.swapNo', { reason: reasonText(told.reason ?? '', told.about) })}</p>}
    </>
  );
}

/** Under a course that she has not, or not any more: what fits now. */
function Instead({ code, stands }: { code: string; stands: Standing }) {
  const { kind, seat, told, cancelled } = stands;
  if (cancelled.length) {
    return openFor(code) ? (
      <Alternatives code={code} own swapping />
    ) : (
      <p>{t(waitsInLine(code) ? 'exchange.line' : 'card.cancelledClosed')}</p>
    );
  }
  const missed = kind === 'refused' || kind === 'waitlisted';
  const failedSwap = seat && told?.outcome === 'refused' && told.reason === 'full';
  if (!(missed || failedSwap) || !openFor(code)) return null;
  if (/^(blocked|prerequisite_missing|credit_limit)$/.test(told?.reason ?? '')) return null;
  return <Alternatives code={code} own={kind !== 'waitlisted'} />;
}

export const cardId = (code: string): string => `course-${code}`;

export function OutcomeCard({ code }: { code: string }) {
  const [asking, ask] = useState<Asking>(null);
  const stands = standing(code);
  const { kind, seat, journal, at } = stands;
  const look = stands.cancelled.length ? 'refused' : kind;
  const [tone, icon] = LOOK[look];
  const busy = asksFor(code);
  const choice = courses.value.get(code);
  return (
    <li class={`outcome ${look}`} data-course={code} id={cardId(code)} tabIndex={-1}>
      <Mark tone={tone} icon={icon}>
        <strong>{outcomeText(stands)}</strong>
      </Mark>
      <h2>
        {courseName(code)} <span class="code">{code}</span>
      </h2>
      {seat && <Sections keys={seat.sections} />}
      <Notes code={code} stands={stands} />
      {journal !== undefined && (
        <p class="receipt">
          {t('card.receipt', { n: `${journal}` })}
          {at && ` · ${stamp(at)}`}
        </p>
      )}
      <div class="no-print">
        {busy ? (
          <Mark tone="quiet" icon="wait">
            {t('outcomes.sent')}
          </Mark>
        ) : (
          <>
            {choice && <Instead code={code} stands={stands} />}
            <Actions code={code} stands={stands} ask={ask} />
          </>
        )}
      </div>
      <Ask code={code} asking={asking} close={() => ask(null)} />
    </li>
  );
}
