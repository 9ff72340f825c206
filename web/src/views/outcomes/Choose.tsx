// Other sections for what she has, or once more for what she has not.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { submitOne, swap } from '../../store/actions';
import { api } from '../../store/api';
import { courses } from '../../store/catalogue';
import { connection, enrolments, plan, tell, theLink } from '../../store/store';
import { Button, Checkbox, Dialog, Mark } from '../../ui/basics';
import { Chooser } from '../../ui/Chooser';
import { courseName } from '../../ui/words';
import type { ChoiceDto } from '../../wire/ChoiceDto';
import type { Windows } from '../../wire/Windows';
import { Alternatives } from './Alternatives';
import { heldSections, openFor } from './standing';

interface Props {
  code: string;
  onClose: () => void;
}

/** The seats of what she chooses from are pushed, besides those of her own groups. */
function useSeats(code: string): void {
  const course = courses.value.get(code);
  useEffect(() => {
    const sections = course?.components.flatMap((c) => c.sections.map((s) => s.key)) ?? [];
    theLink()?.watch(new Set([...heldSections(), ...sections]));
    return () => theLink()?.watch(new Set(heldSections()));
  }, [course, connection.value.open]);
}

const LOOK_MS = 3000;

/** How many stand in the line that a swap would pass; `null`: not known. Asked again while this
 * is open, since the gateway tells a window only when it changes. */
function useWaiting(code: string): number | null {
  const [waiting, set] = useState<number | null>(null);
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      const answer = await api<Windows>('/api/windows').catch(() => null);
      if (!current) return;
      const key = openFor(code)?.key;
      const found = answer?.windows.find((w) => w.key === key);
      set(found ? found.waiting : null);
      timer = setTimeout(() => void look(), LOOK_MS);
    };
    void look();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [code]);
  return waiting;
}

/** Other sections of the course she has. */
function OtherSections({ code, onClose, held }: Props & { held: boolean }) {
  const course = courses.value.get(code);
  const [choices, setChoices] = useState<ChoiceDto[]>(course?.components.map(() => 'any') ?? []);
  const [wait, setWait] = useState(true);
  const own = enrolments.value.find((e) => e.course === code)?.sections ?? [];
  useSeats(code);
  const chosen = choices.some(Array.isArray);
  const go = () => {
    onClose();
    swap(code, choices, wait);
  };
  if (!course?.components.some((c) => c.sections.length > 1)) return null;
  return (
    <>
      <Chooser course={course} choices={choices} onChange={setChoices} own={own} />
      {chosen && (
        <Checkbox checked={wait} onChange={setWait}>
          {t('card.swapWait')}
        </Checkbox>
      )}
      <div class="row">
        <Button kind="primary" disabled={!chosen || held} onClick={go}>
          {t('card.swapDo')}
        </Button>
        {!chosen && <span class="quiet">{t('card.swapPick')}</span>}
      </div>
    </>
  );
}

export function Swap({ code, onClose }: Props) {
  const waiting = useWaiting(code) ?? 0;
  return (
    <Dialog title={t('card.swapTitle', { course: courseName(code) })} onClose={onClose}>
      <p>{t('card.swapWhat')}</p>
      <div role="status">
        {waiting > 0 && (
          <Mark tone="wait" icon="wait">
            {t('exchange.held', { n: waiting })}
          </Mark>
        )}
      </div>
      <OtherSections code={code} onClose={onClose} held={waiting > 0} />
      {waiting === 0 && <Alternatives code={code} own={false} swapping onTake={onClose} />}
      <div class="row">
        <Button onClick={onClose}>{t('app.cancel')}</Button>
      </div>
    </Dialog>
  );
}

export function Again({ code, onClose }: Props) {
  const course = courses.value.get(code);
  useSeats(code);
  const planned = plan.value.find((r) => r.course === code);
  const [choices, setChoices] = useState<ChoiceDto[]>(planned?.choices ?? []);
  const [waitlist, setWait] = useState(true);
  const go = () => {
    onClose();
    const window = openFor(code);
    if (window) submitOne(window.key, { course: code, choices, waitlist });
    else tell('window_closed');
  };
  return (
    <Dialog title={t('card.againTitle', { course: courseName(code) })} onClose={onClose}>
      <p>{t('opening.submitWhat')}</p>
      {course && <Chooser course={course} choices={choices} onChange={setChoices} />}
      <Checkbox checked={waitlist} onChange={setWait}>
        {t('plan.waitlist')}
      </Checkbox>
      <div class="row">
        <Button kind="primary" onClick={go}>
          {t('card.againDo')}
        </Button>
        <Button onClick={onClose}>{t('app.cancel')}</Button>
      </div>
    </Dialog>
  );
}
