// The door. Each way in is read when it is the one: nobody loads a way that she does not have.
import { t } from '../../i18n';
import { lazy } from '../../lazy';
import { choices } from '../../store/store';

const Demo = lazy(async () => (await import('./Demo')).Demo, false);
const University = lazy(async () => (await import('./University')).load(), false);

export function SignIn() {
  const university = choices.value?.mode === 'oidc';
  return (
    <div class="sign-in">
      <p class="promise">{t('signIn.promise')}</p>
      <h1>{t(university ? 'signIn.title' : 'signIn.lead')}</h1>
      {university ? <University /> : <Demo />}
    </div>
  );
}
