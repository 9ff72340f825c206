import { useEffect } from 'preact/hooks';
import { named, t } from '../../i18n';
import { moment } from '../../i18n/format';
import { covers, inOrder } from '../../model/windows';
import { submitPlan } from '../../store/actions';
import { courses, lookUp } from '../../store/catalogue';
import { line, plan, theLink, windows } from '../../store/store';
import { isAsked, todoIn } from '../../store/todo';
import { Blocked } from '../../ui/Blocked';
import { Button, Empty, Mark, Tag } from '../../ui/basics';
import { Ended } from '../../ui/Ended';
import type { WindowView } from '../../wire/WindowView';
import { InLine } from './InLine';
import { Order } from './Order';
import { Planned } from './Planned';

/** Open, and she is not in line. */
function Open({ window: w }: { window: WindowView }) {
  const todo = todoIn(w.key);
  const busy = isAsked(['submit'], w.key);
  const covered = plan.value.some((r) => covers(w, courses.value.get(r.course)));
  const words = !plan.value.length
    ? t('opening.armFirst')
    : covered
      ? t('opening.nothing')
      : t('opening.notCovered');
  return (
    <div class="chamber">
      <p class="lead">
        {t('plan.openNow')} {w.closes_at && t('opening.until', { time: moment(w.closes_at) })}
      </p>
      {todo || busy ? (
        <>
          <Button kind="primary" busy={busy} onClick={() => submitPlan(w.key)}>
            {t('plan.submitNow', { n: todo?.rest.length ?? 0 })}
          </Button>
          <p>{t('opening.submitWhat')}</p>
        </>
      ) : (
        <p>
          {words} <a href="/">{t('opening.toPlan')}</a>
        </p>
      )}
    </div>
  );
}

function State({ window: w }: { window: WindowView }) {
  const ticket = line.value.find((l) => l.window === w.key);
  if (w.state === 'planned') return <Planned window={w} ticket={ticket} />;
  if (w.state !== 'open') return <Ended window={w}>{t('opening.closed')}</Ended>;
  return ticket ? <InLine window={w} /> : <Open window={w} />;
}

function stateName(w: WindowView): string {
  if (w.paused) return t('opening.state.paused');
  if (w.state === 'open') return t('opening.state.open');
  return w.state === 'planned' ? t('opening.state.planned') : t('opening.state.closed');
}

/** The seats of her own sections are pushed while she waits. */
function useOwnSeats(): void {
  useEffect(() => {
    lookUp(plan.value.map((r) => r.course));
    const sections = plan.value.flatMap((r) => {
      const components = courses.value.get(r.course)?.components ?? [];
      return components.flatMap((c) => c.sections.map((s) => s.key));
    });
    theLink()?.watch(new Set(sections));
  });
}

export function Opening() {
  useOwnSeats();
  const list = inOrder(windows.value);
  return (
    <>
      <h1>{t('opening.title')}</h1>
      <Blocked />
      {!list.length && (
        <Empty icon="opening" title={t('opening.none')}>
          {t('opening.noneWhat')}
        </Empty>
      )}
      {list.map((w) => (
        <section key={w.key} class={`window ${w.state}`} aria-labelledby={`w-${w.key}`}>
          <h2 id={`w-${w.key}`}>
            {named(w.name)} <Tag>{stateName(w)}</Tag>
          </h2>
          {w.paused && (
            <Mark tone="wait" icon="wait">
              {t('opening.paused')}
            </Mark>
          )}
          <State window={w} />
          <Order window={w} />
        </section>
      ))}
    </>
  );
}
