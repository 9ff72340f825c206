// Before the opening: is everything ready, where will there be too few seats, and whose plan
// cannot succeed.
import { useEffect } from 'preact/hooks';
import { named, t } from '../../i18n';
import { target } from '../../router';
import { usePoll } from '../../store/live';
import {
  blockedBy,
  blockedPage,
  blockers,
  board,
  demand,
  opened,
  prepared,
  readiness,
} from '../../store/registrar';
import { Empty } from '../../ui/basics';
import type { BoardWindow } from '../../wire/BoardWindow';
import { Order } from '../opening/Order';
import { Blockers } from './Blockers';
import { DemandList } from './Demand';
import { closeImport, Import, ImportButton } from './Import';
import { Choose } from './parts/Field';
import { AsOf, Shown } from './parts/Freshness';
import { Ready } from './Ready';
import { closeSection, SectionDialog } from './SectionDialog';
import { WindowCard } from './WindowCard';

/** These ask for much: less often than the board. */
const SLOW_MS = 10_000;

/** The next to open, else the one that is open, else any. */
export function firstChoice(list: BoardWindow[]): string {
  const planned = list.filter((w) => w.state === 'planned');
  const soon = [...planned].sort((a, b) => (a.opens_at ?? Infinity) - (b.opens_at ?? Infinity));
  return (soon[0] ?? list.find((w) => w.state === 'open') ?? list[0])?.key ?? '';
}

function prepare(key: string): void {
  prepared.value = key;
  blockedBy.value = '';
  blockedPage.value = 1;
  for (const one of [demand, readiness, blockers]) {
    one.forget();
    if (key) void one.load();
  }
}

/** Polls once it is known which window is meant. */
const polled = [demand, readiness, blockers].map((one) => ({
  poll: () => {
    if (prepared.value) one.poll();
  },
}));

function About({ windows }: { windows: BoardWindow[] }) {
  const meant = windows.find((w) => w.key === prepared.value);
  usePoll(polled, SLOW_MS);
  useEffect(() => {
    const asked = windows.find((w) => w.key === target.value)?.key;
    const next = asked ?? (meant ? meant.key : firstChoice(windows));
    if (next !== prepared.value) prepare(next);
  }, [target.value, meant?.key, windows.length]); // there may be a first one only now
  if (!windows.length) {
    return (
      <>
        <Empty icon="registrar" title={t('board.noWindows')}>
          {t('board.noWindowsHow')}
        </Empty>
        <ImportButton />
      </>
    );
  }
  if (!meant) return null;
  return (
    <>
      <div class="list-tools">
        <Choose
          id="prepared"
          label={t('before.window')}
          value={meant.key}
          options={windows.map((w) => [w.key, named(w.name)] as const)}
          onChange={prepare}
        />
      </div>
      <div class="before-top">
        <div>
          <WindowCard key={meant.key} window={meant} level="h2" />
          <Order window={meant} />
        </div>
        <Ready />
      </div>
      <Blockers />
      <DemandList />
    </>
  );
}

export function Before() {
  usePoll([board]);
  useEffect(
    () => () => {
      closeSection();
      closeImport();
    },
    [],
  );
  return (
    <>
      <h1>{t('before.title')}</h1>
      <p class="lead">{t('before.lead')}</p>
      <AsOf of={board} />
      <Shown of={board}>{(b) => <About windows={b.windows} />}</Shown>
      <Import />
      {opened.value !== null && <SectionDialog key={opened.value} section={opened.value} />}
    </>
  );
}
