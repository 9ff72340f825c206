// Her timetable in a calendar program: once as a file, or at a private address that stays current.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { moment } from '../../i18n/format';
import { calendar, renewCalendar, revokeCalendar } from '../../store/resources';
import { attempt } from '../../store/session';
import { Button, Confirm, Fetched, Mark } from '../../ui/basics';
import { say } from '../../ui/live';
import type { CalendarView } from '../../wire/CalendarView';

/** The whole address; it is told once, and gone when this view is left. */
function Address({ address }: { address: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    const field = document.getElementById('calendar-address') as HTMLInputElement | null;
    field?.select();
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      if (!document.execCommand('copy')) return; // it is selected: she can copy it by hand
    }
    setCopied(true);
    say(t('calendar.copied'));
  };
  return (
    <div class="address">
      <label for="calendar-address">{t('calendar.address')}</label>
      <div class="address-row">
        <input
          id="calendar-address"
          readOnly
          value={address}
          onFocus={(e) => e.currentTarget.select()}
        />
        <Button kind="primary" onClick={() => void copy()}>
          {copied ? t('calendar.copied') : t('calendar.copy')}
        </Button>
      </div>
      <Mark tone="wait" icon="warn">
        {t('calendar.once')}
      </Mark>
    </div>
  );
}

type Asking = 'renew' | 'revoke' | null;

function Feed({ view }: { view: CalendarView }) {
  const [address, setAddress] = useState<string | null>(null);
  const [asking, ask] = useState<Asking>(null);
  const make = () => attempt(async () => setAddress(`${location.origin}${await renewCalendar()}`));
  const end = () =>
    attempt(async () => {
      await revokeCalendar();
      setAddress(null);
    });
  return (
    <>
      <h3>{t('calendar.feed')}</h3>
      <p>{t('calendar.feedWhat')}</p>
      {address && <Address address={address} />}
      {view.since !== null && !address && (
        <p>{t('calendar.since', { time: moment(view.since) })}</p>
      )}
      <div class="row">
        {view.since === null ? (
          <Button onClick={() => void make()}>{t('calendar.make')}</Button>
        ) : (
          <>
            <Button onClick={() => ask('renew')}>{t('calendar.renew')}</Button>
            <Button onClick={() => ask('revoke')}>{t('calendar.revoke')}</Button>
          </>
        )}
      </div>
      {asking && (
        <Confirm
          title={asking === 'renew' ? t('calendar.renewSure') : t('calendar.revokeSure')}
          text={t('calendar.gone')}
          go={asking === 'renew' ? t('calendar.renew') : t('calendar.revoke')}
          onGo={() => void (asking === 'renew' ? make() : end())}
          onClose={() => ask(null)}
        />
      )}
    </>
  );
}

export const Calendar = () => (
  <section class="calendar no-print" aria-labelledby="calendar-title">
    <h2 id="calendar-title">{t('calendar.title')}</h2>
    <p>
      <a href="/api/timetable.ics" download>
        {t('calendar.file')}
      </a>{' '}
      <span class="quiet">{t('calendar.fileWhat')}</span>
    </p>
    <Fetched of={calendar}>{(view) => <Feed view={view} />}</Fetched>
  </section>
);
