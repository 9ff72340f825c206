// What she was told.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { stamp } from '../../i18n/format';
import { Button, Tag } from '../../ui/basics';
import { messageText } from '../../ui/messages';
import type { MessageView } from '../../wire/MessageView';

/** So many are shown before more are asked for. */
const FIRST = 10;

export function FileMessages({ list }: { list: MessageView[] }) {
  const [shown, show] = useState(FIRST);
  if (!list.length) return <p class="quiet">{t('file.none')}</p>;
  return (
    <>
      <p class="quiet">{t('file.messagesHow')}</p>
      <ul class="lines">
        {list.slice(0, shown).map((m) => (
          <li key={m.id}>
            <p>{messageText(m)}</p>
            <p class="meta">
              <time dateTime={new Date(m.at).toISOString()}>{stamp(m.at)}</time>{' '}
              {!m.read && <Tag>{t('file.unread')}</Tag>}
            </p>
          </li>
        ))}
      </ul>
      {list.length > shown && (
        <Button onClick={() => show(list.length)}>
          {t('file.more', { n: list.length - shown })}
        </Button>
      )}
    </>
  );
}
