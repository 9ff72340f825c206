// The registrar's windows: open, close, run again.
import { useEffect, useState } from 'preact/hooks';
import { named, t } from '../../i18n';
import { number } from '../../i18n/format';
import { api } from '../../store/api';
import { attempt } from '../../store/session';
import { fault, serverNow, state } from '../../store/store';
import { Button, Confirm, Loading, Tag } from '../../ui/basics';
import { say } from '../../ui/live';
import type { Windows } from '../../wire/Windows';
import type { WindowView } from '../../wire/WindowView';
import { Order } from '../opening/Order';
import { Countdown } from '../opening/Planned';

const POLL_MS = 2000;
const SOON_MS = 60_000;

type Change = (key: string, what: string, body: object) => void;

function Facts({ window: w }: { window: WindowView }) {
  return (
    <dl class="facts">
      <dt>{w.state === 'planned' ? t('registrar.armed') : t('registrar.waiting')}</dt>
      <dd>{number(w.waiting)}</dd>
      <dt>{t('registrar.pace')}</dt>
      <dd>{w.pace ? t('registrar.perSecond', { n: w.pace }) : t('registrar.noPace')}</dd>
      {w.rehearsal && <dt>{t('registrar.run')}</dt>}
      {w.rehearsal && <dd>{number(w.run + 1)}</dd>}
    </dl>
  );
}

function Card({ window: w, change }: { window: WindowView; change: Change }) {
  const [asking, ask] = useState<'close' | 'reset' | null>(null);
  const soon = { opens_at: Math.round(serverNow.value) + SOON_MS, closes_at: w.closes_at };
  const name = named(w.name);
  const key =
    w.state === 'open'
      ? 'opening.state.open'
      : w.state === 'planned'
        ? 'opening.state.planned'
        : 'opening.state.closed';
  return (
    <section class="window" aria-labelledby={`w-${w.key}`}>
      <h2 id={`w-${w.key}`}>
        {name} <Tag>{t(key)}</Tag>
      </h2>
      {w.state === 'planned' && <Countdown window={w} />}
      <Facts window={w} />
      <div class="row">
        {w.state === 'planned' && (
          <>
            <Button kind="primary" onClick={() => change(w.key, 'open', {})}>
              {t('registrar.open')}
            </Button>
            <Button onClick={() => change(w.key, 'schedule', soon)}>
              {t('registrar.schedule')}
            </Button>
          </>
        )}
        {w.state === 'open' && <Button onClick={() => ask('close')}>{t('registrar.close')}</Button>}
        {w.rehearsal && w.state !== 'planned' && (
          <Button onClick={() => ask('reset')}>{t('registrar.reset')}</Button>
        )}
      </div>
      <Order window={w} />
      {asking === 'close' && (
        <Confirm
          title={t('registrar.closeSure', { window: name })}
          text={t('registrar.closeWhat')}
          go={t('registrar.close')}
          onGo={() => change(w.key, 'close', {})}
          onClose={() => ask(null)}
        />
      )}
      {asking === 'reset' && (
        <Confirm
          title={t('registrar.resetSure', { window: name })}
          text={t('registrar.resetWhat')}
          go={t('registrar.reset')}
          onGo={() => change(w.key, 'reset', { opens_in_s: SOON_MS / 1000 })}
          onClose={() => ask(null)}
        />
      )}
    </section>
  );
}

export function Registrar() {
  const [list, setList] = useState<WindowView[] | null>(null);
  const read = () =>
    attempt(async () => {
      const data = await api<Windows>('/api/admin/windows');
      setList(data.windows);
      state.value = { ...state.value, offset: data.server_time - Date.now() };
      if (fault.value?.code === 'offline') fault.value = null;
    });
  useEffect(() => {
    void read();
    const timer = setInterval(() => document.hidden || void read(), POLL_MS);
    return () => clearInterval(timer);
  }, []);
  const change: Change = (key, what, body) =>
    void attempt(async () => {
      await api(`/api/admin/windows/${encodeURIComponent(key)}/${what}`, body);
      say(t('registrar.done'));
      await read();
    });
  return (
    <>
      <h1>{t('registrar.title')}</h1>
      {!list && <Loading />}
      {list?.map((w) => (
        <Card key={w.key} window={w} change={change} />
      ))}
    </>
  );
}
