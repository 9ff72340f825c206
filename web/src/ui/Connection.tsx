// Honest about the connection: after 2 s without one, it says so and how old the page's facts are.
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { clockTime } from '../i18n/format';
import { TOO_MANY_SESSIONS, WRONG_VERSION } from '../store/close';
import { connection, now, state, theLink } from '../store/store';
import { age } from './age';
import { Button } from './basics';
import { Icon } from './Icon';
import { say } from './live';

/** With the clock's step of half a second: shown well within 2 s, and a blip is not. */
export const LATE_MS = 1400;

const retry = () => theLink()?.retry();

function Lost() {
  const { heard, offset } = state.value;
  const { retryAt } = connection.value;
  const wait = retryAt ? Math.ceil((retryAt - now.value) / 1000) : 0;
  return (
    <>
      <p>
        <strong>{t('lost.title')}</strong>{' '}
        {heard > 0 &&
          t('lost.age', {
            time: clockTime(heard + (offset ?? 0)),
            age: age(now.value - heard),
          })}{' '}
        {wait > 0 ? t('lost.retryIn', { seconds: wait }) : t('lost.trying')}
      </p>
      <Button onClick={retry}>{t('app.retry')}</Button>
    </>
  );
}

function content() {
  const { open, lostAt, stopped } = connection.value;
  if (open) return null;
  if (stopped === TOO_MANY_SESSIONS) {
    return (
      <>
        <p>{t('lost.elsewhere')}</p>
        <Button onClick={retry}>{t('lost.here')}</Button>
      </>
    );
  }
  if (stopped === WRONG_VERSION) {
    return (
      <>
        <p>{t('lost.old')}</p>
        <Button onClick={() => location.reload()}>{t('lost.reload')}</Button>
      </>
    );
  }
  const late = !stopped && lostAt !== null && now.value - lostAt >= LATE_MS;
  return late ? <Lost /> : null;
}

export function ConnectionBanner() {
  const shown = content();
  const lost = shown !== null;
  useEffect(() => {
    if (!lost) return;
    say(t('lost.title'));
    return () => say(t('lost.back'));
  }, [lost]);
  if (!shown) return null;
  return (
    <section class="banner" aria-label={t('lost.title')}>
      <Icon name="warn" />
      {shown}
    </section>
  );
}
