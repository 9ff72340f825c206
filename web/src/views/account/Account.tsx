import { t } from '../../i18n';
import { stamp } from '../../i18n/format';
import { signOut } from '../../store/session';
import { me, state } from '../../store/store';
import { Button } from '../../ui/basics';
import { LanguageSwitch } from '../../ui/LanguageSwitch';

export function Account() {
  const who = me.value;
  const { programme, year } = state.value;
  return (
    <>
      <h1>{t('account.title')}</h1>
      <dl class="facts">
        <dt>{t('account.number')}</dt>
        <dd>{who?.student}</dd>
        {programme && <dt>{t('account.programme')}</dt>}
        {programme && <dd>{programme}</dd>}
        {year > 0 && <dt>{t('account.year')}</dt>}
        {year > 0 && <dd>{year}</dd>}
        <dt>{t('account.until')}</dt>
        <dd>{who && stamp(who.expires)}</dd>
        <dt>{t('account.language')}</dt>
        <dd>
          <LanguageSwitch />
        </dd>
      </dl>
      <Button onClick={() => void signOut()}>{t('app.signOut')}</Button>
    </>
  );
}
