// Browser notifications: only when she asked for them, only while she looks elsewhere.
import { t } from './i18n';
import { type Topic, topicOf } from './model/topics';
import { go } from './router';
import type { News } from './store/state';
import { preferences } from './store/store';
import { messageText } from './ui/messages';
import { outcomeWords } from './ui/words';

/** Some browsers show notifications only through a worker; it does nothing else. */
const WORKER = '/notify.js';

export const canNotify = (): boolean => 'Notification' in globalThis;
export const allowed = (): boolean => canNotify() && Notification.permission === 'granted';
/** The browser may still be asked. */
export const askable = (): boolean => canNotify() && Notification.permission === 'default';

// A notification that she taps leads to what it is about, in the tab that is open.
if (canNotify()) {
  navigator.serviceWorker?.addEventListener('message', ({ data }) => {
    if (typeof data === 'string' && data.startsWith('/')) go(data);
  });
}

/** Asks the browser: only ever from a tap. */
export async function askLeave(): Promise<boolean> {
  if (askable()) await Notification.requestPermission();
  if (allowed()) await navigator.serviceWorker?.register(WORKER).catch(() => undefined);
  return allowed();
}

interface Told {
  topic: Topic;
  tag: string;
  text: string;
  to: string;
}

/** What of the news she is told: outcomes of one moment together. */
export function told(news: News[]): Told[] {
  const outcomes = news.flatMap((n) => (n.kind === 'outcome' ? [n.outcome] : []));
  const list: Told[] = [];
  if (outcomes[0]) {
    const text = outcomes.map(outcomeWords).join('\n');
    list.push({ topic: 'outcomes', tag: `o${outcomes[0].journal}`, text, to: '/outcomes' });
  }
  for (const n of news) {
    if (n.kind !== 'message') continue;
    const topic = topicOf(n.message.kind);
    // Her own requests are told as outcomes; what the registrar did is told as a message.
    if (topic === 'outcomes' && !/^(registrar_|blocked|unblocked)/.test(n.message.kind)) continue;
    list.push({ topic, tag: n.message.id, text: messageText(n.message), to: '/messages' });
  }
  return list;
}

async function show({ tag, text, to }: Told): Promise<void> {
  const options = { body: text, tag, icon: '/sluis.svg', data: to };
  const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  if (worker?.active) {
    await worker.showNotification(t('app.name'), options);
    return;
  }
  const shown = new Notification(t('app.name'), options);
  shown.onclick = () => {
    window.focus();
    go(to);
    shown.close();
  };
}

export function notifyNews(news: News[]): void {
  const wishes = preferences.value;
  if (!wishes?.notify || !document.hidden || !allowed()) return;
  for (const one of told(news)) {
    if (wishes.topics.includes(one.topic)) void show(one).catch(() => undefined);
  }
}
