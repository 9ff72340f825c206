// A word to every student who is connected now, in both languages.
import { useRef, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { act } from '../../store/registrar';
import { Button, Dialog, Mark } from '../../ui/basics';
import { ANNOUNCEMENT_MAX, announcement, type Fault, faultOf, reason } from './model/check';
import { focusFault, Problem, useAct } from './parts/act';
import { Field, ReasonField } from './parts/Field';

interface Texts {
  nl: string;
  en: string;
  reason: string | null;
}

/** As students will see it. */
const Seen = ({ texts }: { texts: Texts }) => (
  <>
    {(['nl', 'en'] as const).map((of) => (
      <figure key={of} class="seen">
        <figcaption class="label">{t(`announce.${of}`)}</figcaption>
        <p lang={of}>{texts[of]}</p>
      </figure>
    ))}
  </>
);

function Sure(props: { texts: Texts; onSent: () => void; onClose: () => void }) {
  const { texts } = props;
  const { busy, problem, send } = useAct(props.onSent);
  return (
    <Dialog title={t('announce.sure')} onClose={props.onClose}>
      <p>{t('announce.sureWhat')}</p>
      <Seen texts={texts} />
      <Problem of={problem} />
      <div class="row">
        <Button
          kind="primary"
          busy={busy}
          onClick={() => void send(() => act('announcement', texts))}
        >
          {t('announce.send')}
        </Button>
        <Button onClick={props.onClose}>{t('app.cancel')}</Button>
      </div>
    </Dialog>
  );
}

interface Faults {
  nl: Fault | null;
  en: Fault | null;
  reason: Fault | null;
}
const NO_FAULTS: Faults = { nl: null, en: null, reason: null };

export function Announce() {
  const form = useRef<HTMLFormElement>(null);
  const [nl, setNl] = useState('');
  const [en, setEn] = useState('');
  const [text, setText] = useState('');
  const [faults, setFaults] = useState(NO_FAULTS);
  const [asking, ask] = useState<Texts | null>(null);
  const [sent, setSent] = useState<Texts | null>(null);
  const submit = (e: Event) => {
    e.preventDefault();
    const [inNl, inEn, why] = [announcement(nl), announcement(en), reason(text, false)];
    setFaults({ nl: faultOf(inNl), en: faultOf(inEn), reason: faultOf(why) });
    focusFault(form.current);
    if ('fault' in inNl || 'fault' in inEn || 'fault' in why) return;
    ask({ nl: inNl.value, en: inEn.value, reason: why.value });
  };
  const done = () => {
    setSent(asking);
    ask(null);
    setNl('');
    setEn('');
    setText('');
  };
  const left = (of: string) => t('announce.left', { n: ANNOUNCEMENT_MAX - [...of].length });
  return (
    <>
      <h1>{t('announce.title')}</h1>
      <p class="lead">{t('announce.lead')}</p>
      {sent && (
        <section class="sent" aria-label={t('announce.sent')}>
          <Mark tone="good" icon="check">
            {t('announce.sent')}
          </Mark>
          <Seen texts={sent} />
        </section>
      )}
      <form ref={form} class="form announce" onSubmit={submit} noValidate>
        <Field
          id="nl"
          label={t('announce.nl')}
          hint={left(nl)}
          value={nl}
          lines={3}
          lang="nl"
          fault={faults.nl}
          onInput={setNl}
        />
        <Field
          id="en"
          label={t('announce.en')}
          hint={left(en)}
          value={en}
          lines={3}
          lang="en"
          fault={faults.en}
          onInput={setEn}
        />
        <ReasonField value={text} onInput={setText} needed={false} fault={faults.reason} />
        <div class="row">
          <button type="submit" class="button primary">
            {t('announce.show')}
          </button>
        </div>
      </form>
      {asking && <Sure texts={asking} onSent={done} onClose={() => ask(null)} />}
    </>
  );
}
