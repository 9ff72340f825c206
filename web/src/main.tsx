import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/views.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { sayCountdown, sayNews, sayPosition } from './announce';
import { App } from './app';
import { follow } from './router';
import { checkSignedIn, signedOut, start, welcomed } from './store/session';
import { listen, now } from './store/store';

let first = true;
listen({
  news: sayNews,
  heard: (m) => {
    if (m.type === 'position') sayPosition(m.position, m.of);
    if (m.type !== 'welcome') return;
    welcomed(first);
    first = false;
  },
  refused: checkSignedIn,
  signedOut: () => {
    first = true;
    signedOut();
  },
});
effect(() => {
  now.value;
  sayCountdown();
});
document.addEventListener('click', follow);

const root = document.getElementById('root');
if (root) {
  root.replaceChildren();
  render(<App />, root);
}
void start();
