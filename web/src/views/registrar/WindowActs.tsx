// What can be done to a window: each asks first, with the window's name and what it means.
import { useState } from 'preact/hooks';
import { type Key, named, t, tAny } from '../../i18n';
import { actOnWindow } from '../../store/registrar';
import { serverNow } from '../../store/store';
import { Button, Checkbox } from '../../ui/basics';
import type { BoardWindow } from '../../wire/BoardWindow';
import { type Fault, faultOf, momentText, pace, schedule } from './model/check';
import { ActDialog } from './parts/act';
import { Field } from './parts/Field';

export type WindowAct = 'open' | 'close' | 'pause' | 'resume' | 'pace' | 'schedule' | 'reset';

/** A rehearsal that is run again opens after so many seconds. */
const AGAIN_S = 60;

interface Props {
  window: BoardWindow;
  onClose: () => void;
}

const ASKS: Record<'open' | 'close' | 'pause' | 'resume' | 'reset', { sure: Key; what: Key }> = {
  open: { sure: 'window.openSure', what: 'window.openWhat' },
  close: { sure: 'window.closeSure', what: 'window.closeWhat' },
  pause: { sure: 'window.pauseSure', what: 'window.pauseWhat' },
  resume: { sure: 'window.resumeSure', what: 'window.resumeWhat' },
  reset: { sure: 'window.resetSure', what: 'window.resetWhat' },
};

/** A question with nothing to fill in but the reason. */
function Plain({ window: w, onClose, act }: Props & { act: keyof typeof ASKS }) {
  const { sure, what } = ASKS[act];
  return (
    <ActDialog
      title={tAny(sure, { window: named(w.name) })}
      go={t(`window.go.${act}`)}
      send={(reason) => () =>
        actOnWindow(w.key, act, { reason, ...(act === 'reset' && { opens_in_s: AGAIN_S }) })
      }
      onClose={onClose}
    >
      <p>
        <strong>
          {w.state === 'planned'
            ? t('window.armedNow', { n: w.waiting })
            : t('window.waitingNow', { n: w.waiting })}
        </strong>
      </p>
      <p>{tAny(what, {})}</p>
    </ActDialog>
  );
}

function Pace({ window: w, onClose }: Props) {
  const [free, setFree] = useState(w.pace === null);
  const [text, setText] = useState(w.pace === null ? '' : `${w.pace}`);
  const [fault, setFault] = useState<Fault | null>(null);
  return (
    <ActDialog
      title={t('window.paceTitle', { window: named(w.name) })}
      go={t('window.paceGo')}
      send={(reason) => {
        const wanted = pace(text, free);
        setFault(faultOf(wanted));
        if ('fault' in wanted) return null;
        return () => actOnWindow(w.key, 'pace', { pace: wanted.value, reason });
      }}
      onClose={onClose}
    >
      <p>{t('window.paceWhat')}</p>
      <Field
        id="pace"
        label={t('window.paceLabel')}
        value={text}
        inputMode="numeric"
        disabled={free}
        fault={fault}
        onInput={setText}
      />
      <Checkbox checked={free} onChange={setFree}>
        {t('window.noPace')}
      </Checkbox>
    </ActDialog>
  );
}

const SOON_MIN = [1, 10, 60];
const MINUTE_MS = 60_000;

/** Fills a moment in, so many minutes from now. */
const Soon = (props: { what: string; onPick: (text: string) => void }) => (
  <div class="soon">
    {SOON_MIN.map((n) => (
      <Button
        key={n}
        label={`${props.what}: ${t('window.inMinutes', { n })}`}
        onClick={() => props.onPick(momentText(serverNow.value + n * MINUTE_MS))}
      >
        {t('window.inMinutes', { n })}
      </Button>
    ))}
  </div>
);

function Schedule({ window: w, onClose }: Props) {
  const open = w.state === 'open';
  const [opens, setOpens] = useState(momentText(w.opens_at));
  const [closes, setCloses] = useState(momentText(w.closes_at));
  const [faults, setFaults] = useState<{ opens: Fault | null; closes: Fault | null }>();
  return (
    <ActDialog
      title={t('window.scheduleTitle', { window: named(w.name) })}
      go={t('window.scheduleGo')}
      send={(reason) => {
        const wanted = schedule(opens, closes, serverNow.value, open);
        setFaults('value' in wanted ? undefined : wanted);
        if (!('value' in wanted)) return null;
        // What is open has been opened: that moment stays as it was.
        const { closes_at } = wanted.value;
        const opens_at = open ? w.opens_at : wanted.value.opens_at;
        return () => actOnWindow(w.key, 'schedule', { opens_at, closes_at, reason });
      }}
      onClose={onClose}
    >
      <p>
        {open ? t('window.waitingNow', { n: w.waiting }) : t('window.armedNow', { n: w.waiting })}{' '}
        <span class="quiet">{t('window.zone', { zone: zone() })}</span>
      </p>
      {!open && (
        <>
          <Field
            id="opens"
            label={t('window.opensAt')}
            hint={t('window.emptyOpens')}
            type="datetime-local"
            value={opens}
            fault={faults?.opens}
            onInput={setOpens}
          />
          <Soon what={t('window.opensAt')} onPick={setOpens} />
        </>
      )}
      <Field
        id="closes"
        label={t('window.closesAt')}
        hint={t('window.emptyCloses')}
        type="datetime-local"
        value={closes}
        fault={faults?.closes}
        onInput={setCloses}
      />
      {open && <Soon what={t('window.closesAt')} onPick={setCloses} />}
    </ActDialog>
  );
}

/** What is typed is in this device's time zone. */
const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function WindowDialog(props: Props & { act: WindowAct }) {
  const { act, ...rest } = props;
  if (act === 'pace') return <Pace {...rest} />;
  if (act === 'schedule') return <Schedule {...rest} />;
  return <Plain {...rest} act={act} />;
}
