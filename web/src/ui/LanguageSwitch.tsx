import { type Lang, lang, t } from '../i18n';
import { preferLanguage } from '../store/preferences';

// A language is named in itself, whatever the page speaks.
const NAMES: [Lang, string][] = [
  ['nl', 'Nederlands'],
  ['en', 'English'],
];

export const LanguageSwitch = () => (
  <fieldset class="languages">
    <legend class="hidden">{t('app.language')}</legend>
    {NAMES.map(([code, name]) => (
      <button
        key={code}
        type="button"
        lang={code}
        title={name}
        aria-label={`${code.toUpperCase()}, ${name}`}
        aria-pressed={lang.value === code}
        onClick={() => void preferLanguage(code)}
      >
        {code.toUpperCase()}
      </button>
    ))}
  </fieldset>
);
