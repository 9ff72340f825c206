// Where she is signed in, and signing out there.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { moment } from '../../i18n/format';
import { devices, signOutDevice } from '../../store/resources';
import { attempt, signedOut } from '../../store/session';
import { Button, Confirm, Fetched, Tag } from '../../ui/basics';
import { say } from '../../ui/live';
import type { DeviceView } from '../../wire/DeviceView';

/** The gateway tells a family of browser and system; what it could not tell is said here. */
const deviceName = (agent: string): string =>
  agent.replace(/^other$/, t('devices.other')).replace(/^browser\b/, t('devices.browser'));

function Device({ device: d }: { device: DeviceView }) {
  const name = deviceName(d.agent);
  const out = () =>
    attempt(async () => {
      await signOutDevice(d.id);
      say(t('devices.outSay', { device: name }));
    });
  return (
    <li class="device">
      <div>
        <p>
          <strong>{name}</strong> {d.current && <Tag>{t('devices.this')}</Tag>}
        </p>
        <p class="meta">
          {t('devices.since', { time: moment(d.since) })} ·{' '}
          {t('devices.until', { time: moment(d.expires) })}
        </p>
      </div>
      {!d.current && (
        <Button label={t('devices.outNamed', { device: name })} onClick={() => void out()}>
          {t('app.signOut')}
        </Button>
      )}
    </li>
  );
}

export function Devices() {
  const [asking, ask] = useState(false);
  useEffect(() => void devices.load(), []);
  const everywhere = () =>
    attempt(async () => {
      await signOutDevice();
      signedOut();
    });
  return (
    <section aria-labelledby="devices-title">
      <h2 id="devices-title">{t('devices.title')}</h2>
      <Fetched of={devices}>
        {(all) => (
          <ul class="devices">
            {all.devices.map((d) => (
              <Device key={d.id} device={d} />
            ))}
          </ul>
        )}
      </Fetched>
      <div class="row">
        <Button onClick={() => ask(true)}>{t('devices.everywhere')}</Button>
      </div>
      {asking && (
        <Confirm
          title={t('devices.everywhereSure')}
          text={t('devices.everywhereWhat')}
          go={t('devices.everywhere')}
          onGo={() => void everywhere()}
          onClose={() => ask(false)}
        />
      )}
    </section>
  );
}
