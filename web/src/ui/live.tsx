// What a screen reader is told: politely, and rarely. Both regions stand empty from the start.
import { signal } from '@preact/signals';
import { keyOf, t, tAny } from '../i18n';
import { fault } from '../store/store';
import { Button } from './basics';

const polite = signal('');

/** Says this once what is being said is over. The same words again are said again. */
export function say(text: string): void {
  polite.value = polite.value === text ? `${text}\u00a0` : text;
}

export const LiveRegion = () => (
  <div class="hidden" role="status" aria-live="polite">
    {polite.value}
  </div>
);

/** The one fault that is told, until it is closed or something else is done. */
export function FaultRegion() {
  const { code, detail } = fault.value ?? {};
  const known = code && keyOf(`error.${code}`);
  const words = known ? tAny(known, {}) : (detail ?? t('error.other', { code: code ?? '' }));
  return (
    <div class="fault" role="alert">
      {code && (
        <>
          <p>{words}</p>
          <Button
            onClick={() => {
              fault.value = null;
            }}
          >
            {t('app.close')}
          </Button>
        </>
      )}
    </div>
  );
}
