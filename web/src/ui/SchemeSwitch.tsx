import { t } from '../i18n';
import { nextScheme, SCHEMES, scheme, setScheme } from '../scheme';
import { Icon } from './Icon';

/** All three side by side, where there is room to choose. */
export const SchemeSwitch = () => (
  <fieldset class="languages">
    <legend class="hidden">{t('app.scheme')}</legend>
    {SCHEMES.map((one) => (
      <button
        key={one}
        type="button"
        aria-pressed={scheme.value === one}
        onClick={() => setScheme(one)}
      >
        {t(`scheme.${one}`)}
      </button>
    ))}
  </fieldset>
);

/** One button that goes round, for the header. */
export function SchemeButton({ wide }: { wide: boolean }) {
  const now = scheme.value;
  const label = t('app.schemeNow', { now: t(`scheme.${now}`) });
  return (
    <button
      type="button"
      class={`icon-button ${wide ? 'wide-only' : ''}`}
      aria-label={label}
      title={label}
      onClick={() => setScheme(nextScheme(now))}
    >
      <Icon name={now} />
    </button>
  );
}
