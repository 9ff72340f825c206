import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/views.css';
import './styles/more.css';
import { effect, untracked } from '@preact/signals';
import { render } from 'preact';
import { App, loadView, loadViews } from './app';
import { keepFocus } from './focus';
import { followTabs, loadTexts } from './i18n';
import { follow } from './router';
import { followScheme } from './scheme';
import { followLanguage } from './store/preferences';
import { results } from './store/resources';
import { checkSignedIn, followSignIn, signedOut, start, wasHere, welcomed } from './store/session';
import { listen, now } from './store/store';

followScheme();
keepFocus();
const RETRY_MS = 3000;
const QUIET_MS = 2000;

type Voice = typeof import('./voice');
let voice: Voice | null = null;
function speak(what: (v: Voice) => void): void {
  if (voice) what(voice);
  else {
    const read = import('./voice').then((v) => {
      voice = v;
      what(v);
    });
    void read.catch(() => undefined); // what is on the screen says it too
  }
}

let first = true;
listen({
  news: (news) =>
    speak((v) => {
      v.sayNews(news);
      v.notifyNews(news);
    }),
  heard: (m) => {
    if (m.type === 'position') speak((v) => v.sayPosition(m.position, m.of));
    if (m.type === 'message' && m.message.kind.startsWith('result')) void results.load();
    if (m.type !== 'welcome') return;
    speak(() => undefined);
    welcomed();
    if (first) setTimeout(loadViews, QUIET_MS * (1 + Math.random()));
    first = false;
  },
  planRefused: (draft, code) =>
    void import('./store/mend').then((m) => m.mendPlan(draft, code)).catch(() => undefined),
  refused: checkSignedIn,
  signedOut,
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
  followSignIn();
  root.replaceChildren();
  render(<App />, root);
  effect(() => {
    now.value;
    if (voice) untracked(voice.sayCountdown);
  });
  void start();
}
void begin();
