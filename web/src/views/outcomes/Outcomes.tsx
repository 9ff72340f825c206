import { useEffect } from 'preact/hooks';
import { t } from '../../i18n';
import { courses, lookUp } from '../../store/catalogue';
import { enrolments, outcomes, pending, plan, waitlist } from '../../store/store';
import { Empty, Mark } from '../../ui/basics';
import { courseName } from '../../ui/words';
import { OutcomeCard } from './OutcomeCard';

/** Every course with an outcome, a seat or a place on a waitlist, in the order of her plan. */
function codesInOrder(): string[] {
  const rank = new Map(plan.value.map((r, i) => [r.course, i]));
  const all: { course: string }[] = [...outcomes.value, ...enrolments.value, ...waitlist.value];
  const at = (code: string) => rank.get(code) ?? rank.size;
  return [...new Set(all.map((o) => o.course))].sort((a, b) => at(a) - at(b));
}

export function Outcomes() {
  const codes = codesInOrder();
  const asked = Object.values(pending.value)
    .flatMap((p) => (p.type === 'submit' ? (p.courses ?? []) : []))
    .map((r) => r.course)
    .filter((c) => !codes.includes(c));
  useEffect(() => lookUp(codes.filter((c) => !courses.value.has(c))));
  return (
    <>
      <h1>{t('outcomes.title')}</h1>
      {!codes.length && !asked.length ? (
        <Empty icon="outcomes" title={t('outcomes.empty')}>
          {t('outcomes.emptyWhat')} <a href="/opening">{t('plan.toOpening')}</a>
        </Empty>
      ) : (
        <>
          <ul class="outcomes">
            {asked.map((c) => (
              <li key={c} class="outcome">
                <h2>{courseName(c)}</h2>
                <Mark tone="quiet" icon="wait">
                  {t('outcomes.sent')}
                </Mark>
              </li>
            ))}
            {codes.map((c) => (
              <OutcomeCard key={c} code={c} />
            ))}
          </ul>
          <p class="quiet">{t('outcomes.final')}</p>
        </>
      )}
    </>
  );
}
