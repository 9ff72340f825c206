// The message centre: what changed, newest first, each with the way to what it is about.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { stamp } from '../../i18n/format';
import { linkOf, TOPICS, type Topic, topicOf } from '../../model/topics';
import { lookUp } from '../../store/catalogue';
import { loadMessages, loadOlder, markRead, unreadable } from '../../store/inbox';
import { attempt } from '../../store/session';
import { connection, messages, older, unread } from '../../store/store';
import { Button, Empty, Loading, Tag } from '../../ui/basics';
import { messageText } from '../../ui/messages';
import type { MessageView } from '../../wire/MessageView';

type Filter = 'all' | 'unread' | Topic;

const shows = (filter: Filter, m: MessageView): boolean =>
  filter === 'all' || (filter === 'unread' ? !m.read : topicOf(m.kind) === filter);

const Filters = (props: { filter: Filter; list: MessageView[]; onChange: (f: Filter) => void }) => {
  const there = TOPICS.filter((topic) => props.list.some((m) => shows(topic, m)));
  const all: Filter[] = ['all', 'unread', ...there];
  return (
    <fieldset class="chips">
      <legend class="hidden">{t('messages.filter')}</legend>
      {all.map((f) => (
        <Button key={f} pressed={props.filter === f} onClick={() => props.onChange(f)}>
          {f === 'all' || f === 'unread' ? t(`show.${f}`) : t(`topic.${f}`)}
        </Button>
      ))}
    </fieldset>
  );
};

const Message = ({ message: m }: { message: MessageView }) => {
  const topic = topicOf(m.kind);
  return (
    <li class={m.read ? 'message' : 'message unread'}>
      <p class="meta">
        <time dateTime={new Date(m.at).toISOString()}>{stamp(m.at)}</time> · {t(`topic.${topic}`)}{' '}
        {!m.read && <Tag>{t('messages.new')}</Tag>}
      </p>
      <p>
        {messageText(m)} <a href={linkOf(m)}>{t(`see.${topic}`)}</a>
      </p>
    </li>
  );
};

function List({ list }: { list: MessageView[] }) {
  const [filter, setFilter] = useState<Filter>('all');
  const shown = list.filter((m) => shows(filter, m));
  const before = older.value;
  const [busy, setBusy] = useState(false);
  const readOlder = async (from: number) => {
    setBusy(true);
    await attempt(() => loadOlder(from));
    setBusy(false);
  };
  if (!list.length) {
    return (
      <Empty icon="messages" title={t('messages.empty')}>
        {t('messages.emptyWhat')}
      </Empty>
    );
  }
  return (
    <>
      <Filters filter={filter} list={list} onChange={setFilter} />
      <p class={shown.length ? 'hidden' : 'quiet'} role="status">
        {filter !== 'all' && t('messages.shown', { n: shown.length })}
      </p>
      <ul class="messages">
        {shown.map((m) => (
          <Message key={m.id} message={m} />
        ))}
      </ul>
      {before !== null && (
        <Button busy={busy} onClick={() => void readOlder(before)}>
          {t('messages.older')}
        </Button>
      )}
    </>
  );
}

/** None can be read now: they are with the gateway, and come by themselves or when asked for. */
const Unreadable = ({ open }: { open: boolean }) => (
  <>
    <Empty icon="warn" title={t('lost.nothing')}>
      {t('fetch.failed')}
    </Empty>
    {open && (
      <p class="row">
        <Button onClick={() => void loadMessages()}>{t('app.again')}</Button>
      </p>
    )}
  </>
);

export function Messages() {
  const list = messages.value;
  const { open } = connection.value;
  const failed = unreadable.value || !open;
  useEffect(() => {
    if (!list && open) void loadMessages();
    // A result names its course itself, which may be gone from the catalogue.
    const named = (list ?? []).filter((m) => topicOf(m.kind) !== 'results');
    lookUp(named.flatMap((m) => m.course ?? []));
  }, [list, open]);
  return (
    <>
      <h1>{t('messages.title')}</h1>
      {unread.value > 0 && (
        <p class="row">
          {t('messages.unread', { n: unread.value })}
          <Button onClick={() => void attempt(markRead)}>{t('messages.markRead')}</Button>
        </p>
      )}
      {list ? <List list={list} /> : failed ? <Unreadable open={open} /> : <Loading />}
    </>
  );
}
