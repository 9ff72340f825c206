// What the registrar tells everybody: said aloud when it comes, and there until it is put away.
import { named, t } from '../i18n';
import { clockTime } from '../i18n/format';
import { announcements, putAway } from '../store/store';
import { IconButton } from './basics';
import { Icon } from './Icon';

/** Always there, so that what comes into it is said: the new one, not all of them again. */
export const Announcements = () => (
  <div class="announcements" role="status" aria-atomic="false">
    {announcements.value.map((a) => (
      <div key={a.journal} class="banner announcement">
        <Icon name="messages" />
        <p>
          <strong>{t('announcement.title')}</strong> <small>{clockTime(a.at)}</small>
          <br />
          {named(a.text)}
        </p>
        <IconButton
          icon="cross"
          label={t('announcement.close')}
          onClick={() => putAway(a.journal)}
        />
      </div>
    ))}
  </div>
);
