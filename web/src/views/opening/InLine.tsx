// In line: where she stands, how long it may take, and what her plan can expect.
import { useComputed } from '@preact/signals';
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { disarm } from '../../store/actions';
import { forecasts, positions } from '../../store/store';
import { isAsked } from '../../store/todo';
import { Button, Confirm, Mark } from '../../ui/basics';
import type { WindowView } from '../../wire/WindowView';
import { Forecast } from './Forecast';
import { Standing } from './Standing';

export function InLine({ window: w }: { window: WindowView }) {
  const [asking, ask] = useState(false);
  const told = useComputed(() => w.key in positions.value);
  const forecast = useComputed(() => forecasts.value[w.key]).value;
  return (
    <>
      <div class="chamber ready">
        <div>
          <Mark tone="water" icon="armed">
            <strong>{t('line.title')}</strong>
          </Mark>
          {told.value ? <Standing window={w.key} /> : <p>{t('line.coming')}</p>}
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
