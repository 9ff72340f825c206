// One section: how it stands, its capacity, and opening, closing or cancelling it.
import { useState } from 'preact/hooks';
import { type Key, named, t, tAny } from '../../i18n';
import { number } from '../../i18n/format';
import { target } from '../../router';
import { usePoll } from '../../store/live';
import { act, opened, openedBoard } from '../../store/registrar';
import { Button, Dialog, Empty, Mark } from '../../ui/basics';
import { kindName } from '../../ui/words';
import type { BoardSection } from '../../wire/BoardSection';
import { AddSection } from './AddSection';
import { CapacityForm } from './CapacityForm';
import { rate } from './model/format';
import { ActForm } from './parts/act';
import { Figure } from './parts/Figure';
import { Part } from './parts/Freshness';
import { Fill, StatusMark } from './Sections';

type Status = 'open' | 'closed' | 'cancelled';

const TO: Record<Status, Status[]> = {
  open: ['closed', 'cancelled'],
  closed: ['open', 'cancelled'],
  cancelled: ['open'],
};
const ASKS: Record<Status, { sure: Key; what: Key }> = {
  open: { sure: 'section.openSure', what: 'section.openWhat' },
  closed: { sure: 'section.closeSure', what: 'section.closeWhat' },
  cancelled: { sure: 'section.cancelSure', what: 'section.cancelWhat' },
};

export function closeSection(): void {
  opened.value = null;
  openedBoard.forget();
}

function close(): void {
  closeSection();
  if (!target.value) return;
  history.replaceState(null, '', location.pathname);
  target.value = '';
}

const Facts = ({ section: s }: { section: BoardSection }) => (
  <>
    <p class="quiet">
      {named(s.name)} · {kindName(s.kind)}
    </p>
    <StatusMark status={s.status} />
    <Fill section={s} />
    <dl class="figures-row">
      <Figure name={t('section.waitlist')}>{number(s.waitlisted)}</Figure>
      <Figure name={t('section.line')}>{number(s.in_line)}</Figure>
      <Figure name={t('section.rate')}>{rate(s.per_minute)}</Figure>
    </dl>
  </>
);

/** Opening, closing or cancelling it: everybody in it is told. */
function StatusForm(props: { section: BoardSection; to: Status; onBack: () => void }) {
  const { section: s, to } = props;
  const { sure, what } = ASKS[to];
  return (
    <>
      <h3>{tAny(sure, { section: s.section })}</h3>
      <ActForm
        go={t(`section.do.${to}`)}
        needsReason={to !== 'open'}
        send={(reason) => () => act('sections/status', { section: s.section, status: to, reason })}
        onDone={close}
        onCancel={props.onBack}
      >
        <p>
          {tAny(what, {})} {t('section.told', { n: s.taken + s.waitlisted })}
        </p>
      </ActForm>
    </>
  );
}

function Found({ section: s }: { section: BoardSection }) {
  const [to, setTo] = useState<Status | 'another' | null>(null);
  const [added, setAdded] = useState<string | null>(null);
  const ways = TO[s.status as Status] ?? [];
  return (
    <>
      <Facts section={s} />
      {to === 'another' ? (
        <AddSection
          section={s}
          onAdded={(key) => {
            setAdded(key);
            setTo(null);
          }}
          onBack={() => setTo(null)}
        />
      ) : to ? (
        <StatusForm section={s} to={to} onBack={() => setTo(null)} />
      ) : (
        <>
          <h3>{t('section.capacityTitle')}</h3>
          <CapacityForm section={s} onDone={close} />
          <h3>{t('section.statusTitle')}</h3>
          <div class="row">
            {ways.map((way) => (
              <Button key={way} onClick={() => setTo(way)}>
                {t(`section.do.${way}`)}…
              </Button>
            ))}
          </div>
          <h3>{t('add.short')}</h3>
          {added && (
            <Mark tone="good" icon="check">
              {t('add.done', { section: added })}
            </Mark>
          )}
          <div class="row">
            <Button icon="plus" onClick={() => setTo('another')}>
              {t('add.open')}
            </Button>
          </div>
        </>
      )}
      <div class="row dialog-end">
        <Button onClick={close}>{t('app.close')}</Button>
      </div>
    </>
  );
}

export function SectionDialog({ section }: { section: string }) {
  usePoll([openedBoard]);
  return (
    <Dialog title={section} onClose={close}>
      <Part of={openedBoard}>
        {(b) => {
          const found = b.sections.find((s) => s.section === section);
          return found ? (
            <Found section={found} />
          ) : (
            <>
              <Empty icon="warn" title={t('section.unknown', { section })}>
                {t('section.unknownHow')}
              </Empty>
              <div class="row">
                <Button onClick={close}>{t('app.close')}</Button>
              </div>
            </>
          );
        }}
      </Part>
    </Dialog>
  );
}
