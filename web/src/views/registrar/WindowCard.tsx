// A registration window, live, and what can be done to it.
import { useState } from 'preact/hooks';
import { named, t } from '../../i18n';
import { moment, number } from '../../i18n/format';
import { serverNow } from '../../store/store';
import { Button, Mark } from '../../ui/basics';
import { timeLeft } from '../../ui/words';
import type { BoardWindow } from '../../wire/BoardWindow';
import { rate } from './model/format';
import { Figure } from './parts/Figure';
import { type WindowAct, WindowDialog } from './WindowActs';

export type Standing = 'planned' | 'open' | 'paused' | 'closed';

export const standing = (w: BoardWindow): Standing => {
  if (w.state === 'open') return w.paused ? 'paused' : 'open';
  return w.state === 'planned' ? 'planned' : 'closed';
};

const SIGNS = {
  planned: { tone: 'water', icon: 'armed' },
  open: { tone: 'good', icon: 'check' },
  paused: { tone: 'wait', icon: 'wait' },
  closed: { tone: 'quiet', icon: 'cross' },
} as const;

/** When it opens or closes by itself, or that the registrar must do it. */
function When({ window: w }: { window: BoardWindow }) {
  const now = serverNow.value;
  const at = w.state === 'planned' ? w.opens_at : w.closes_at;
  if (w.state === 'closed') return null;
  const opening = w.state === 'planned';
  if (!at) return <p class="quiet">{opening ? t('window.byHand') : t('window.closesByHand')}</p>;
  const left = at - now;
  if (left <= 0) return <p class="quiet">{t('window.now')}</p>;
  const time = moment(at);
  return (
    <p>
      {opening ? t('window.opensIn') : t('window.closesIn')}{' '}
      <strong class="figures" role="timer" aria-live="off">
        {timeLeft(left)}
      </strong>
      <span class="meta when-exact">{time}</span>
    </p>
  );
}

const ACTS: Record<Standing, WindowAct[]> = {
  planned: ['open', 'schedule', 'pace'],
  open: ['pause', 'pace', 'schedule', 'close'],
  paused: ['resume', 'pace', 'schedule', 'close'],
  closed: [],
};

const Figures = ({ window: w }: { window: BoardWindow }) => (
  <dl class="figures-row">
    <Figure name={w.state === 'planned' ? t('window.armed') : t('window.waiting')}>
      {number(w.waiting)}
    </Figure>
    {w.state === 'open' && (
      <Figure name={t('window.rate')}>
        {w.rate === null ? t('list.none') : t('window.perSecond', { n: rate(w.rate) })}
      </Figure>
    )}
    <Figure name={t('window.pace')}>
      {w.pace === null ? t('window.noPace') : t('window.perSecond', { n: w.pace })}
    </Figure>
    {w.rehearsal && <Figure name={t('window.run')}>{number(w.run + 1)}</Figure>}
  </dl>
);

/** `level`: of its heading, under what stands above it. */
export function WindowCard({
  window: w,
  level: H = 'h3',
}: {
  window: BoardWindow;
  level?: 'h2' | 'h3';
}) {
  const [asking, ask] = useState<WindowAct | null>(null);
  const is = standing(w);
  const acts: WindowAct[] =
    w.rehearsal && is !== 'planned' ? [...ACTS[is], 'reset'] : [...ACTS[is]];
  return (
    <section class={`window console ${is}`} aria-labelledby={`w-${w.key}`} data-window={w.key}>
      <div class="window-head">
        <H id={`w-${w.key}`}>{named(w.name)}</H>
        <Mark tone={SIGNS[is].tone} icon={SIGNS[is].icon}>
          {t(`window.state.${is}`)}
        </Mark>
      </div>
      <When window={w} />
      {(w.state !== 'closed' || w.rehearsal) && <Figures window={w} />}
      <div class="row">
        {acts.map((act, i) => (
          <Button
            key={act}
            kind={i === 0 ? 'primary' : 'plain'}
            label={t('list.actOf', { act: t(`window.do.${act}`), what: named(w.name) })}
            onClick={() => ask(act)}
          >
            {t(`window.do.${act}`)}
          </Button>
        ))}
      </div>
      {asking && <WindowDialog window={w} act={asking} onClose={() => ask(null)} />}
    </section>
  );
}
