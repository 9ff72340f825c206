import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/views.css';
import './styles/more.css';
import { effect, untracked } from '@preact/signals';
import { render } from 'preact';
import { sayCountdown, sayNews, sayPosition } from './announce';
import { App, loadView, loadViews } from './app';
import { followTabs, loadTexts } from './i18n';
import { topicOf } from './model/topics';
import { notifyNews } from './notify';
import { follow } from './router';
import { followScheme } from './scheme';
import { followLanguage } from './store/preferences';
import { results } from './store/resources';
import { checkSignedIn, signedOut, start, wasHere, welcomed } from './store/session';
import { listen, now } from './store/store';

followScheme();
const RETRY_MS = 3000;
const QUIET_MS = 2000;
let first = true;
listen({
  news: (news) => {
    sayNews(news);
    notifyNews(news);
  },
  heard: (m) => {
    if (m.type === 'position') sayPosition(m.position, m.of);
    if (m.type === 'message' && topicOf(m.message.kind) === 'results') void results.load();
    if (m.type !== 'welcome') return;
    welcomed(first);
    if (first) setTimeout(loadViews, QUIET_MS * (1 + Math.random()));
    first = false;
  },
  refused: checkSignedIn,
  signedOut: () => {
    first = true;
    signedOut();
  },
});
document.addEventListener('click', follow);

const root = document.getElementById('root');

async function begin(): Promise<void> {
  if (wasHere()) loadView();
  if (!(await loadTexts())) {
    // Without texts nothing can be said; a browser may keep the failure until it loads anew.
    setTimeout(() => location.reload(), RETRY_MS);
    return;
  }
  if (!root) return;
  followTabs();
  followLanguage();
  root.replaceChildren();
  render(<App />, root);
  effect(() => {
    now.value;
    untracked(sayCountdown);
  });
  void start();
}
void begin();
