// Where she stands in line. A place may fall ten times a second: each text hangs on its own signal,
// so that a message changes the words that differ and draws nothing else again.
import { type ReadonlySignal, useComputed } from '@preact/signals';
import { t } from '../../i18n';
import { clockTime, number } from '../../i18n/format';
import type { Place } from '../../store/state';
import { positions, serverTime } from '../../store/store';

const IN_MINUTES_S = 120;
const SECOND_MS = 1000;

/** As a range: one number would promise what nobody knows. */
export function eta({ eta_low: low, eta_high: high }: Pick<Place, 'eta_low' | 'eta_high'>): string {
  if (low == null || high == null) return t('line.etaUnknown');
  if (high <= 1) return t('line.soon');
  const minutes = high >= IN_MINUTES_S;
  const a = minutes ? Math.floor(low / 60) : low;
  const b = minutes ? Math.ceil(high / 60) : high;
  const last = minutes ? t('time.minutes', { n: b }) : t('time.seconds', { n: b });
  return a === b ? t('line.about', { a: last }) : t('line.range', { a: number(a), b: last });
}

/** One text of the place: redrawn when its own words change. */
function Told({ of }: { of: () => string }) {
  return <>{useComputed(of)}</>;
}

/** The bar moves in steps of a pixel or so: what cannot be seen is not drawn. */
const STEPS = 400;

export function Standing({ window: w }: { window: string }) {
  const place = useComputed(() => positions.value[w]);
  const useField = <T,>(get: (p: Place) => T): ReadonlySignal<T | undefined> =>
    useComputed(() => place.value && get(place.value));
  const low = useField((p) => p.eta_low);
  const high = useField((p) => p.eta_high);
  const second = useField((p) => Math.floor(serverTime(p.at) / SECOND_MS));
  const done = useField((p) => Math.round(p.done * STEPS) / STEPS);
  return (
    <>
      <p class="label">{t('line.place')}</p>
      <p class="big">
        <span class="figure" data-place={w}>
          <Told of={() => number(place.value?.position ?? 0)} />
        </span>{' '}
        <small>
          <Told of={() => t('line.of', { n: place.value?.of ?? 0 })} />
        </small>
      </p>
      <progress max={1} value={done as ReadonlySignal<number>} aria-label={t('line.progress')} />
      <p class="eta">
        {t('line.eta')}:{' '}
        <strong>
          <Told of={() => eta({ eta_low: low.value, eta_high: high.value })} />
        </strong>
      </p>
      <p class="meta">
        <Told of={() => t('line.served', { n: place.value?.serving ?? 0 })} /> ·{' '}
        <Told of={() => t('line.updated', { time: clockTime((second.value ?? 0) * SECOND_MS) })} />
      </p>
    </>
  );
}
