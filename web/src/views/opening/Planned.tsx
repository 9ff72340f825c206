// Before the opening: how long, and whether her plan is armed.
import { t } from '../../i18n';
import { moment, number } from '../../i18n/format';
import { covers } from '../../model/windows';
import { arm, disarm } from '../../store/actions';
import { courses } from '../../store/catalogue';
import type { Ticket } from '../../store/state';
import { plan, serverNow } from '../../store/store';
import { isAsked } from '../../store/todo';
import { Button, Mark } from '../../ui/basics';
import { timeLeft } from '../../ui/words';
import type { WindowView } from '../../wire/WindowView';
import { AskNotify } from './AskNotify';

export function Countdown({ window: w }: { window: WindowView }) {
  if (!w.opens_at) return <p>{t('opening.unknown')}</p>;
  const left = w.opens_at - serverNow.value;
  if (left <= 0) return <p class="big">{t('opening.now')}</p>;
  return (
    <div>
      <p class="label" id={`in-${w.key}`}>
        {t('opening.in')}
      </p>
      <p class="big" role="timer" aria-live="off" aria-labelledby={`in-${w.key}`}>
        {timeLeft(left)}
      </p>
      <p class="quiet">{t('opening.at', { time: moment(w.opens_at) })}</p>
    </div>
  );
}

function Armed({ window: w, ticket }: { window: WindowView; ticket: Ticket }) {
  const busy = isAsked(['arm', 'disarm'], w.key);
  return (
    <>
      <Mark tone="water" icon="armed">
        <strong>{t('opening.armed')}</strong>
      </Mark>
      <p>
        {t('opening.armedAmong', { n: w.waiting || ticket.among })}{' '}
        {ticket.ticket !== null && (
          <span class="quiet">{t('opening.ticket', { n: number(ticket.ticket) })}</span>
        )}
      </p>
      <p>{t('opening.armedSafe')}</p>
      <AskNotify />
      <Button busy={busy} onClick={() => disarm(w.key)}>
        {t('opening.disarm')}
      </Button>
    </>
  );
}

export function Planned(props: { window: WindowView; ticket: Ticket | undefined }) {
  const { window: w, ticket } = props;
  const some = plan.value.some((r) => covers(w, courses.value.get(r.course)));
  return (
    <div class={ticket ? 'chamber ready' : 'chamber'}>
      <Countdown window={w} />
      <div class="chamber-side">
        {ticket ? (
          <Armed window={w} ticket={ticket} />
        ) : some ? (
          <>
            <Button kind="primary" busy={isAsked(['arm'], w.key)} onClick={() => arm(w.key)}>
              {t('plan.arm')}
            </Button>
            <p>{t('opening.armWhat')}</p>
            {w.waiting > 0 && <p class="quiet">{t('opening.waiting', { n: w.waiting })}</p>}
          </>
        ) : (
          <p>
            {plan.value.length ? t('opening.notCovered') : t('opening.armFirst')}{' '}
            <a href="/">{t('opening.toPlan')}</a>
          </p>
        )}
      </div>
    </div>
  );
}
