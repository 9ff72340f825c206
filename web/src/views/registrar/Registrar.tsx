// The registrar's console: its places, and which of them stands here.
import './registrar.css';
import { useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Key, loadMoreTexts, t, tAny } from '../../i18n';
import { called, path } from '../../router';
import { forgetConsole } from '../../store/registrar';
import { me } from '../../store/store';
import { Empty } from '../../ui/basics';
import { Icon, type IconName } from '../../ui/Icon';
import { Announce } from './Announce';
import { Before } from './Before';
import { Board } from './Board';
import { Log } from './Log';
import { Student } from './Student';

interface Place {
  path: string;
  name: Key;
  icon: IconName;
  view: () => preact.JSX.Element;
}

const BOARD: Place = { path: '/registrar', name: 'console.board', icon: 'registrar', view: Board };
const PLACES: Place[] = [
  BOARD,
  { path: '/registrar/before', name: 'console.before', icon: 'outcomes', view: Before },
  { path: '/registrar/student', name: 'console.student', icon: 'account', view: Student },
  { path: '/registrar/announcement', name: 'console.announce', icon: 'messages', view: Announce },
  { path: '/registrar/log', name: 'console.log', icon: 'plan', view: Log },
];

async function readNl() {
  const [one, two, three] = await Promise.all([
    import('../../i18n/nl-registrar'),
    import('../../i18n/nl-file-registrar'),
    import('../../i18n/nl-import'),
  ]);
  return { ...one.nlRegistrar, ...two.nlFileRegistrar, ...three.nlImport };
}

async function readEn() {
  const [one, two, three] = await Promise.all([
    import('../../i18n/en-registrar'),
    import('../../i18n/en-file-registrar'),
    import('../../i18n/en-import'),
  ]);
  return { ...one.enRegistrar, ...two.enFileRegistrar, ...three.enImport };
}

/** The console's own texts; they come with it. */
export const loadTexts = (): Promise<unknown> =>
  loadMoreTexts('registrar', { nl: readNl, en: readEn });

/** Wherever she comes in, she sees the board. */
const current = (): Place => PLACES.find((p) => p.path === path.value) ?? BOARD;

const isOperator = (): boolean => me.value?.role === 'operator';

/** An operator's sign-in is for what is not on this page. */
const Operator = () => (
  <>
    <h1>{t('operator.title')}</h1>
    <Empty icon="account" title={t('operator.what')} />
  </>
);

export const RegistrarNav = () => (
  <nav hidden={isOperator()} class="nav" aria-label={t('app.nav')}>
    <ul>
      {PLACES.map((p) => (
        <li key={p.path}>
          <a href={p.path} aria-current={p === current() ? 'page' : undefined}>
            <Icon name={p.icon} />
            <span class="nav-name">{tAny(p.name, {})}</span>
          </a>
        </li>
      ))}
    </ul>
  </nav>
);

export function Registrar() {
  useSignalEffect(() => {
    called.value = tAny(current().name, {});
  });
  useEffect(
    () => () => {
      called.value = '';
      forgetConsole();
    },
    [],
  );
  if (isOperator()) return <Operator />;
  const { view: View } = current();
  return <View key={current().path} />;
}
