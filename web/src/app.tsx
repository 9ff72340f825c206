// The frame of the page, and which view stands in it.
import { signal, untracked, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { showFavicon } from './favicon';
import { type Key, lang, t, tAny } from './i18n';
import { countdown, number } from './i18n/format';
import { type LazyView, lazy } from './lazy';
import { called, path } from './router';
import { signOut } from './store/session';
import { connection, me, now, positions, ready, serverNow, unread, windows } from './store/store';
import { Announcements } from './ui/Announcements';
import { Empty, Loading } from './ui/basics';
import { ConnectionBanner, LATE_MS } from './ui/Connection';
import { Icon, type IconName } from './ui/Icon';
import { LanguageSwitch } from './ui/LanguageSwitch';
import { FaultRegion, LiveRegion } from './ui/live';
import { SchemeButton } from './ui/SchemeSwitch';
import { SignIn } from './views/signin/SignIn';

const Plan = lazy(async () => (await import('./views/plan/Plan')).Plan, false);
const Opening = lazy(async () => (await import('./views/opening/Opening')).Opening);
const Outcomes = lazy(async () => (await import('./views/outcomes/Outcomes')).Outcomes);
const Timetable = lazy(async () => (await import('./views/timetable/Timetable')).Timetable);
const Results = lazy(async () => (await import('./views/results/Results')).Results);
const Messages = lazy(async () => (await import('./views/messages/Messages')).Messages);
const Account = lazy(async () => (await import('./views/account/Account')).Account);

/** The registrar's places; they come with her console. */
const consoleNav = signal<(() => preact.JSX.Element) | null>(null);
const Registrar = lazy(async () => {
  const own = await import('./views/registrar/Registrar');
  await own.loadTexts();
  consoleNav.value = own.RegistrarNav;
  return own.Registrar;
});

interface Route {
  path: string;
  name: Key;
  icon: IconName;
  view: LazyView;
  /** On a phone it stands in the header: five places are what a thumb can tell apart. */
  aside?: true;
}

const STUDENT: Route[] = [
  { path: '/', name: 'nav.plan', icon: 'plan', view: Plan },
  { path: '/opening', name: 'nav.opening', icon: 'opening', view: Opening },
  { path: '/outcomes', name: 'nav.outcomes', icon: 'outcomes', view: Outcomes },
  { path: '/timetable', name: 'nav.timetable', icon: 'timetable', view: Timetable },
  { path: '/results', name: 'nav.results', icon: 'results', view: Results, aside: true },
  { path: '/messages', name: 'nav.messages', icon: 'messages', view: Messages },
  { path: '/account', name: 'nav.account', icon: 'account', view: Account, aside: true },
];

/** The view of this address, before it is known who is there; whoever was here is likely to be. */
export function loadView(): void {
  if (path.value.startsWith('/registrar')) void Registrar.load();
  else void STUDENT.find((r) => r.path === path.value)?.view.load();
}

/** The other views, in a quiet moment: they must be there when the connection is not. */
export function loadViews(): void {
  if (me.value?.role !== 'student') return;
  for (const route of STUDENT) void route.view.load();
}

const current = (): Route | undefined => STUDENT.find((r) => r.path === path.value);

function NavLink({ route }: { route: Route }) {
  const here = route === current();
  const count = route.path === '/messages' ? unread.value : 0;
  return (
    <li class={route.aside ? 'wide-only' : undefined}>
      <a href={route.path} aria-current={here ? 'page' : undefined}>
        <Icon name={route.icon} />
        <span class="nav-name">{tAny(route.name, {})}</span>
        {count > 0 && (
          <span class="badge">
            <span aria-hidden="true">{number(count)}</span>
            <span class="hidden">{t('messages.unread', { n: count })}</span>
          </span>
        )}
      </a>
    </li>
  );
}

const Header = () => (
  <header class="header">
    <a class="brand" href="/">
      <img src="/sluis.svg" alt="" width="32" height="32" />
      <span class="brand-name">Sluis</span>
      <span class="brand-line">{t('app.tagline')}</span>
    </a>
    <div class="tools">
      <SchemeButton wide={!!me.value} />
      <LanguageSwitch />
      {me.value?.role === 'student' &&
        STUDENT.filter((r) => r.aside).map((r) => (
          <a
            key={r.path}
            class="icon-button narrow-only"
            href={r.path}
            aria-label={tAny(r.name, {})}
            aria-current={r === current() ? 'page' : undefined}
          >
            <Icon name={r.icon} />
          </a>
        ))}
      {me.value && (
        <button
          type="button"
          class={`button quiet ${me.value.role === 'student' ? 'wide-only' : ''}`}
          onClick={() => void signOut()}
        >
          {t('app.signOut')}
        </button>
      )}
    </div>
  </header>
);

const Footer = () => (
  <footer class="footer">
    <a href={`/accessibility.html#${lang.value}`} rel="external">
      {t('app.accessibility')}
    </a>
  </footer>
);

/** Nothing of hers is here yet: on its way, or not to be had. What she has is safe either way. */
function Nothing() {
  const { stopped, lostAt, open } = connection.value;
  const late = lostAt !== null && !open && now.value - lostAt >= LATE_MS;
  if (!stopped && !late) return <Loading />;
  return (
    <Empty icon="warn" title={t('lost.nothing')}>
      {stopped ? t('lost.nothingSafe') : t('lost.nothingYet')}{' '}
      <a href={`/plain?lang=${lang.value}`} rel="external">
        {t('lost.plain')}
      </a>
    </Empty>
  );
}

function View() {
  if (me.value === undefined) return <Loading />;
  if (me.value === null) return <SignIn />;
  if (me.value.role !== 'student') return <Registrar />;
  const route = current();
  if (!route) {
    return (
      <>
        <h1>{t('app.notFound')}</h1>
        <Empty icon="warn" title={t('app.notFoundWhat')}>
          <a href="/">{t('nav.plan')}</a>
        </Empty>
      </>
    );
  }
  if (!ready.value) {
    return (
      <>
        <h1>{tAny(route.name, {})}</h1>
        <Nothing />
      </>
    );
  }
  return <route.view />;
}

function title(): string {
  if (!me.value) return `${t('signIn.title')} · Sluis`;
  const place = Object.values(positions.value)[0];
  const route = current();
  const name = called.value || tAny(route?.name ?? 'app.notFound', {});
  if (place) return `(${number(place.position)}) ${t('line.title')} · Sluis`;
  const next = windows.value.find((w) => w.state === 'planned' && w.opens_at);
  const left = (next?.opens_at ?? 0) - serverNow.value;
  if (route?.path === '/opening' && left > 0 && left < 3_600_000) {
    return `${countdown(left)} · ${name} · Sluis`;
  }
  return unread.value ? `(${number(unread.value)}) ${name} · Sluis` : `${name} · Sluis`;
}

export function App() {
  const main = useRef<HTMLElement>(null);
  const shown = useRef<string | null>(null);
  // With the clock's step, twice a second: a browser redraws its tabs for each, and a place may
  // fall ten times a second. It hangs on nothing that is computed from the state: each message
  // would ask for a frame only to find that nothing is to be done, which costs more than a place.
  useSignalEffect(() => {
    document.documentElement.lang = lang.value;
    for (const signal of [now, me, path, called]) signal.value;
    untracked(() => {
      document.title = title();
      // Whoever has signed out has no place and no news here.
      const place = me.value ? Object.values(positions.value)[0]?.position : undefined;
      showFavicon(place, me.value ? unread.value : 0);
    });
  });
  // A new view is read from its heading on, the door and what is behind it too; one that led her to
  // something of its own has done so already.
  const who = me.value && (me.value.student ?? me.value.role);
  useEffect(() => {
    if (who === undefined) return;
    const before = shown.current;
    shown.current = `${who} ${path.value}`;
    if (before === null || before === shown.current) return;
    if (!main.current?.contains(document.activeElement))
      main.current?.focus({ preventScroll: true });
  }, [who, path.value]);
  const student = me.value?.role === 'student';
  const ConsoleNav = me.value && !student ? consoleNav.value : null;
  return (
    <>
      <a class="skip" href="#main">
        {t('app.skip')}
      </a>
      <Header />
      {ConsoleNav && <ConsoleNav />}
      {student && (
        <nav class="nav" aria-label={t('app.nav')}>
          <ul>
            {STUDENT.map((route) => (
              <NavLink key={route.path} route={route} />
            ))}
          </ul>
        </nav>
      )}
      {student && <ConnectionBanner />}
      {student && <Announcements />}
      <main id="main" tabIndex={-1} ref={main}>
        <View />
      </main>
      <Footer />
      <FaultRegion />
      <LiveRegion />
    </>
  );
}
