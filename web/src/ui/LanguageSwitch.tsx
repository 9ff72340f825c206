import { type Lang, lang, setLang, t } from '../i18n';

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
        onClick={() => setLang(code)}
      >
        {code.toUpperCase()}
      </button>
    ))}
  </fieldset>
);
