// The opening as it goes: windows, sections, and what registrars did last. Read anew every two
// seconds, so that two registrars see each other's changes.
import { useEffect } from 'preact/hooks';
import { t } from '../../i18n';
import { inOrder } from '../../model/windows';
import { target } from '../../router';
import { usePoll } from '../../store/live';
import { board, latest, opened } from '../../store/registrar';
import { Empty } from '../../ui/basics';
import type { BoardWindow } from '../../wire/BoardWindow';
import { Latest } from './Latest';
import { AsOf, Shown } from './parts/Freshness';
import { closeSection, SectionDialog } from './SectionDialog';
import { Sections } from './Sections';
import { WindowCard } from './WindowCard';

function Windows({ list }: { list: BoardWindow[] }) {
  if (!list.length) {
    return (
      <Empty icon="registrar" title={t('board.noWindows')}>
        {t('board.noWindowsHow')}
      </Empty>
    );
  }
  return (
    <div class="window-cards">
      {inOrder(list).map((w) => (
        <WindowCard key={w.key} window={w} />
      ))}
    </div>
  );
}

export function Board() {
  usePoll([board, latest]);
  // A link to one section opens it; the skip link names another part of the page.
  useEffect(() => {
    if (target.value.includes('/')) opened.value = target.value;
  }, [target.value]);
  useEffect(() => closeSection, []);
  return (
    <>
      <h1>{t('board.title')}</h1>
      <AsOf of={board} />
      <Shown of={board}>
        {(b) => (
          <>
            <div class="board-top">
              <section aria-labelledby="windows">
                <h2 id="windows">{t('board.windows')}</h2>
                <Windows list={b.windows} />
              </section>
              <Latest />
            </div>
            <Sections board={b} />
          </>
        )}
      </Shown>
      {opened.value !== null && <SectionDialog key={opened.value} section={opened.value} />}
    </>
  );
}
