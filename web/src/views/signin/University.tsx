// Signing in with the university account: one way out, and in plain words why the last one failed.
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { keyOf, lang, loadMoreTexts, named, t, tAny } from '../../i18n';
import { path } from '../../router';
import { choices } from '../../store/store';
import { Loading } from '../../ui/basics';

/** The view, with its texts. */
export async function load(): Promise<() => preact.JSX.Element> {
  await loadMoreTexts('university', {
    nl: async () => (await import('../../i18n/nl-university')).nlUniversity,
    en: async () => (await import('../../i18n/en-university')).enUniversity,
  });
  return University;
}

/** Why the last attempt failed, out of the address, which is then as any other. */
const failure = signal(taken());

function taken(): string | null {
  const code = new URLSearchParams(location.search).get('sign-in');
  if (code !== null) history.replaceState(null, '', location.pathname + location.hash);
  return code;
}

/** Nothing but asking helps against these. */
const TO_ASK = ['no_access', 'no_number', 'no_name', 'unknown_student', 'untrusted'];
/** Another account may be the right one. */
const OTHER_ACCOUNT = ['no_access', 'no_number', 'no_name', 'unknown_student', 'cancelled'];

const start = (more: Record<string, string> = {}): string =>
  `/api/sign-in/start?${new URLSearchParams({ to: path.value, lang: lang.value, ...more })}`;

function Told({ code }: { code: string }) {
  const box = useRef<HTMLDivElement>(null);
  // Whoever hears the page is where it matters at once.
  useEffect(() => box.current?.focus(), []);
  const [title, what] = [keyOf(`university.fault.${code}`), keyOf(`university.what.${code}`)];
  if (!title || !what) return null;
  const contact = choices.value?.contact;
  return (
    <div class="notice sign-in-fault" tabIndex={-1} ref={box} data-fault={code}>
      <h2>{tAny(title, {})}</h2>
      <p>{tAny(what, {})}</p>
      {TO_ASK.includes(code) && (
        <p>
          {t('university.ask', { contact: contact ? named(contact) : t('university.contact') })}
        </p>
      )}
    </div>
  );
}

function University() {
  const info = choices.value;
  const code = failure.value;
  if (!info) return <Loading />;
  return (
    <>
      {code && <Told code={code} />}
      {!code && !info.available && <Told code="unavailable" />}
      <p class="lead">{t('university.lead')}</p>
      <p class="ways">
        <a class="button primary" rel="external" href={start()}>
          {t('university.go')}
        </a>
        {code && OTHER_ACCOUNT.includes(code) && (
          <a class="button plain" rel="external" href={start({ again: 'yes' })}>
            {t('university.other')}
          </a>
        )}
      </p>
      <p class="quiet">
        <a rel="external" href={start({ role: 'registrar' })}>
          {t('university.registrar')}
        </a>
      </p>
    </>
  );
}
