import { useEffect } from 'preact/hooks';
import { keyOf, named, t, tAny } from '../../i18n';
import { stamp } from '../../i18n/format';
import { loadMessages, markRead } from '../../store/actions';
import { lookUp } from '../../store/catalogue';
import { attempt } from '../../store/session';
import { messages, state, unread, windows } from '../../store/store';
import { Button, Empty, Loading, Tag } from '../../ui/basics';
import { courseName, reasonText, sectionName } from '../../ui/words';
import type { MessageView } from '../../wire/MessageView';

/** A message in words. */
export function messageText(m: MessageView): string {
  const known = windows.value.find((w) => w.key === m.window);
  const words = {
    course: m.course ? courseName(m.course) : '',
    window: known ? named(known.name) : (m.window ?? ''),
    reason: m.reason ? reasonText(m.reason, m.about) : '',
    gave: m.about ? courseName(m.about) : '',
    sections: (m.sections ?? []).map(sectionName).join(', '),
  };
  const inPlace = m.kind === 'promoted' && m.about && m.about !== m.course;
  const key = inPlace ? 'message.promotedFor' : keyOf(`message.${m.kind}`);
  return key ? tAny(key, words) : t('message.other', { kind: m.kind });
}

export function Messages() {
  const list = messages.value;
  const older = state.value.older;
  useEffect(() => {
    if (!list) void attempt(() => loadMessages());
    lookUp((list ?? []).flatMap((m) => m.course ?? []));
  }, [list]);
  return (
    <>
      <h1>{t('messages.title')}</h1>
      {unread.value > 0 && (
        <p class="row">
          {t('messages.unread', { n: unread.value })}
          <Button onClick={() => void attempt(markRead)}>{t('messages.markRead')}</Button>
        </p>
      )}
      {!list && <Loading />}
      {list?.length === 0 && (
        <Empty icon="messages" title={t('messages.empty')}>
          {t('messages.emptyWhat')}
        </Empty>
      )}
      <ul class="messages">
        {list?.map((m) => (
          <li key={m.id} class={m.read ? 'message' : 'message unread'}>
            <p class="meta">
              <time dateTime={new Date(m.at).toISOString()}>{stamp(m.at)}</time>{' '}
              {!m.read && <Tag>{t('messages.new')}</Tag>}
            </p>
            <p>{messageText(m)}</p>
          </li>
        ))}
      </ul>
      {list && older && (
        <Button onClick={() => void attempt(() => loadMessages(older))}>
          {t('messages.older')}
        </Button>
      )}
    </>
  );
}
