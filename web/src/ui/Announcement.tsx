// What the registrar told everybody: it stands until it is closed.
import { named, t } from '../i18n';
import { clockTime } from '../i18n/format';
import { announcement, state } from '../store/store';
import { Button } from './basics';
import { Icon } from './Icon';

export function Announcement() {
  const told = announcement.value;
  if (!told) return null;
  return (
    <section class="banner told" aria-label={t('registrar.says')}>
      <Icon name="messages" />
      <p>
        <strong>{t('registrar.says')}</strong> {named(told.text)}{' '}
        <span class="meta">{clockTime(told.at)}</span>
      </p>
      <Button
        onClick={() => {
          state.value = { ...state.value, announcement: null };
        }}
      >
        {t('app.close')}
      </Button>
    </section>
  );
}
