// In line: where she stands, how long it may take, and what her plan can expect.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { clockTime, number } from '../../i18n/format';
import { disarm } from '../../store/actions';
import type { Place } from '../../store/state';
import { forecasts, positions, state } from '../../store/store';
import { Button, Confirm, Mark } from '../../ui/basics';
import type { WindowView } from '../../wire/WindowView';
import { Forecast } from './Forecast';
import { isAsked } from './Opening';

const IN_MINUTES_S = 120;

/** As a range: one number would promise what nobody knows. */
function eta({ eta_low: low, eta_high: high }: Place): string {
  if (low == null || high == null) return t('line.etaUnknown');
  if (high <= 1) return t('line.soon');
  const minutes = high >= IN_MINUTES_S;
  const a = minutes ? Math.floor(low / 60) : low;
  const b = minutes ? Math.ceil(high / 60) : high;
  const last = minutes ? t('time.minutes', { n: b }) : t('time.seconds', { n: b });
  return a === b ? t('line.about', { a: last }) : t('line.range', { a: number(a), b: last });
}

function Standing({ place }: { place: Place }) {
  return (
    <>
      <p class="label">{t('line.place')}</p>
      <p class="big">
        {number(place.position)} <small>{t('line.of', { n: place.of })}</small>
      </p>
      <progress max={1} value={place.done} aria-label={t('line.progress')} />
      <p class="eta">
        {t('line.eta')}: <strong>{eta(place)}</strong>
      </p>
      <p class="meta">
        {t('line.served', { n: place.serving })} ·{' '}
        {t('line.updated', { time: clockTime(place.at + (state.value.offset ?? 0)) })}
      </p>
    </>
  );
}

export function InLine({ window: w }: { window: WindowView }) {
  const [asking, ask] = useState(false);
  const place = positions.value[w.key];
  const forecast = forecasts.value[w.key];
  return (
    <>
      <div class="chamber ready">
        <div>
          <Mark tone="water" icon="armed">
            <strong>{t('line.title')}</strong>
          </Mark>
          {place ? <Standing place={place} /> : <p>{t('line.coming')}</p>}
        </div>
        <div class="chamber-side">
          <p>{t('line.safe')}</p>
          <Button busy={isAsked(['disarm'], w.key)} onClick={() => ask(true)}>
            {t('line.leave')}
          </Button>
        </div>
      </div>
      <h3>{t('forecast.title')}</h3>
      {forecast ? (
        <>
          <ul class="forecasts">
            {forecast.map((f) => (
              <Forecast key={f.course} forecast={f} />
            ))}
          </ul>
          <p class="quiet">{t('forecast.note')}</p>
        </>
      ) : (
        <p class="quiet">{t('forecast.wait')}</p>
      )}
      {asking && (
        <Confirm
          title={t('line.leaveSure')}
          text={t('line.leaveWhat')}
          go={t('line.leave')}
          onGo={() => disarm(w.key)}
          onClose={() => ask(false)}
        />
      )}
    </>
  );
}
