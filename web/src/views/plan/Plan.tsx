import { useComputed } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { named, t } from '../../i18n';
import { credits, number } from '../../i18n/format';
import { clashesIn } from '../../model/week';
import { covers } from '../../model/windows';
import { arm, submitPlan } from '../../store/actions';
import { courses, lookUp } from '../../store/catalogue';
import {
  connection,
  draft,
  enrolments,
  line,
  outcomes,
  plan,
  positions,
  serverNow,
  waitlist,
  windows,
} from '../../store/store';
import { isAsked, todoIn } from '../../store/todo';
import { Blocked } from '../../ui/Blocked';
import { Button, Empty, Mark } from '../../ui/basics';
import { Ended } from '../../ui/Ended';
import { heldSlots, wishedSlots } from '../../ui/slots';
import { WeekGrid } from '../../ui/WeekGrid';
import { timeLeft } from '../../ui/words';
import type { WindowView } from '../../wire/WindowView';
import { PlanList, Undo } from './PlanList';
import { Programme } from './Programme';
import { Search } from './Search';

/** What is left to do with this plan: arm it, submit it, or follow it in line. */
function NextStep({ window: w }: { window: WindowView }) {
  const ticket = line.value.find((l) => l.window === w.key);
  // A place that falls changes its own words, and not the step.
  const at = useComputed(() => {
    const place = positions.value[w.key];
    return place ? `, ${t('line.place').toLowerCase()} ${number(place.position)}` : '';
  });
  const left = (w.opens_at ?? 0) - serverNow.value;
  const todo = todoIn(w.key);
  const concerned = plan.value.some((r) => covers(w, courses.value.get(r.course)));
  const planned = w.state === 'planned' && w.opens_at && concerned;
  if (w.state === 'closed' && concerned && plan.value.length > 0) {
    return <Ended window={w}>{t('plan.closedNow', { window: named(w.name) })}</Ended>;
  }
  if (!planned && !todo && !(w.state === 'open' && ticket)) return null;
  return (
    <section class="next" aria-label={named(w.name)}>
      <div>
        <p class="next-name">{named(w.name)}</p>
        {ticket && (
          <Mark tone="water" icon="armed">
            {w.state === 'open' ? t('line.title') : t('opening.armed')}
            {at}
          </Mark>
        )}
        {planned && (
          <p>
            {t('opening.in')} <strong class="figures">{left > 0 ? timeLeft(left) : '…'}</strong>
          </p>
        )}
        {todo && <p>{t('plan.openNow')}</p>}
      </div>
      {todo && (
        <Button kind="primary" busy={isAsked(['submit'], w.key)} onClick={() => submitPlan(w.key)}>
          {t('plan.submitNow', { n: todo.rest.length })}
        </Button>
      )}
      {planned && !ticket && (
        <Button kind="primary" busy={isAsked(['arm'], w.key)} onClick={() => arm(w.key)}>
          {t('plan.arm')}
        </Button>
      )}
      <a href="/opening">{t('plan.toOpening')}</a>
    </section>
  );
}

function Summary() {
  const list = plan.value;
  const sum = list.reduce((n, r) => n + (courses.value.get(r.course)?.credits ?? 0), 0);
  const max = windows.value.find((w) => w.state !== 'closed' && w.credit_limit)?.credit_limit;
  const saved = !draft.value
    ? t('plan.saved')
    : connection.value.open
      ? t('plan.saving')
      : t('plan.offline');
  return (
    <p class="summary">
      <strong>{t('plan.courses', { n: list.length })}</strong>
      <span>
        {max
          ? t('plan.creditsOf', { n: credits(sum), max: credits(max) })
          : t('plan.credits', { n: credits(sum) })}
      </span>
      {max ? (
        <span class={sum > max ? 'meter over' : 'meter'} aria-hidden="true">
          <span style={{ width: `${Math.min(100, (100 * sum) / max)}%` }} />
        </span>
      ) : null}
      {(list.length > 0 || draft.value) && <span class="quiet">{saved}</span>}
    </p>
  );
}

function Week() {
  const held = heldSlots(enrolments.value);
  const has = new Set(enrolments.value.map((e) => e.course));
  const wished = wishedSlots(plan.value, courses.value, has);
  const slots = [...held, ...wished.slots];
  const clashes = clashesIn(slots);
  return (
    <section aria-labelledby="week-title" class="week-part">
      <h2 id="week-title">{t('plan.week')}</h2>
      {slots.length === 0 ? (
        <p class="quiet">{t('plan.weekEmpty')}</p>
      ) : (
        <>
          <Mark tone={clashes ? 'bad' : 'quiet'} icon={clashes ? 'warn' : 'check'}>
            {clashes ? t('week.clashes', { n: clashes }) : t('week.noClash')}
          </Mark>
          <WeekGrid slots={slots} />
        </>
      )}
      {wished.open > 0 && <p class="quiet">{t('plan.weekMore', { n: wished.open })}</p>}
    </section>
  );
}

export function Plan() {
  const list = plan.value;
  const held = [...enrolments.value, ...waitlist.value, ...outcomes.value];
  useEffect(() => lookUp([...list, ...held].map((r) => r.course)));
  return (
    <>
      <h1>{t('plan.title')}</h1>
      <Summary />
      <Blocked />
      {windows.value.map((w) => (
        <NextStep key={w.key} window={w} />
      ))}
      <div class="columns">
        <div>
          <section aria-labelledby="plan-mine">
            <h2 id="plan-mine">{t('plan.mine')}</h2>
            {list.length === 0 ? (
              <Empty icon="plan" title={t('plan.empty')}>
                {t('plan.emptyHow')}
              </Empty>
            ) : (
              <>
                <p class="quiet">{t('plan.lead')}</p>
                <PlanList />
              </>
            )}
            <Undo />
          </section>
          <Programme />
        </div>
        <div>
          <Week />
          <Search />
        </div>
      </div>
    </>
  );
}
