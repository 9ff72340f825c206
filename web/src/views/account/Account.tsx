import { named, t } from '../../i18n';
import { stamp } from '../../i18n/format';
import { results } from '../../store/resources';
import { signOut } from '../../store/session';
import { me, programme, year } from '../../store/store';
import { Button } from '../../ui/basics';
import { LanguageSwitch } from '../../ui/LanguageSwitch';
import { SchemeSwitch } from '../../ui/SchemeSwitch';
import { Devices } from './Devices';
import { Notifications } from './Notifications';

function Facts() {
  const who = me.value;
  const name = results.value.value?.progress?.name;
  return (
    <dl class="facts">
      <dt>{t('account.number')}</dt>
      <dd>{who?.student}</dd>
      {programme.value && <dt>{t('account.programme')}</dt>}
      {programme.value && <dd>{name ? named(name) : programme.value}</dd>}
      {year.value > 0 && <dt>{t('account.year')}</dt>}
      {year.value > 0 && <dd>{year.value}</dd>}
      <dt>{t('account.until')}</dt>
      <dd>{who && stamp(who.expires)}</dd>
      <dt>{t('account.language')}</dt>
      <dd>
        <LanguageSwitch />
      </dd>
      <dt>{t('app.scheme')}</dt>
      <dd>
        <SchemeSwitch />
      </dd>
    </dl>
  );
}

const Data = () => (
  <section aria-labelledby="data-title">
    <h2 id="data-title">{t('account.data')}</h2>
    <p class="lead">{t('account.dataWhat')}</p>
    <p>
      <a href="/api/me/export" download>
        {t('account.dataGet')}
      </a>
    </p>
  </section>
);

export const Account = () => (
  <div class="account">
    <h1>{t('account.title')}</h1>
    <Facts />
    <Button onClick={() => void signOut()}>{t('app.signOut')}</Button>
    <Notifications />
    <Devices />
    <Data />
  </div>
);
