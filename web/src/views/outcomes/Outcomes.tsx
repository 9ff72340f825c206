import { useEffect } from 'preact/hooks';
import { t } from '../../i18n';
import { target } from '../../router';
import { courses, lookUp } from '../../store/catalogue';
import { connection, pending, plan, positions, theLink, windows } from '../../store/store';
import { Empty, Mark } from '../../ui/basics';
import { Ended } from '../../ui/Ended';
import { courseName } from '../../ui/words';
import { Copy } from './Copy';
import { cardId, OutcomeCard } from './OutcomeCard';
import { concerned, heldSections } from './standing';

/** In the order of her plan. */
function codesInOrder(): string[] {
  const rank = new Map(plan.value.map((r, i) => [r.course, i]));
  const at = (code: string) => rank.get(code) ?? rank.size;
  return concerned().sort((a, b) => at(a) - at(b));
}

/** Asked for and not answered, of courses that have no card yet. */
const asked = (codes: string[]): string[] =>
  Object.values(pending.value)
    .flatMap((p) => (p.type === 'submit' ? (p.courses ?? []) : p.type === 'swap' ? [p.to] : []))
    .map((r) => r.course)
    .filter((c) => !codes.includes(c));

const Waiting = ({ code }: { code: string }) => (
  <li class="outcome">
    <h2>{courseName(code)}</h2>
    <Mark tone="quiet" icon="wait">
      {t('outcomes.sent')}
    </Mark>
  </li>
);

/** While she is in line some outcomes are still to come. */
const InLine = () =>
  Object.keys(positions.value).length > 0 ? (
    <p class="next no-print">
      <Mark tone="water" icon="armed">
        {t('outcomes.inLine')}
      </Mark>
      <a href="/opening">{t('plan.toOpening')}</a>
    </p>
  ) : null;

/** What can still be done when no window is open. */
const Closed = () => {
  const states = windows.value.map((w) => w.state);
  if (states.includes('open') || !states.includes('closed')) return null;
  return <p class="quiet no-print">{t('outcomes.closed')}</p>;
};

export function Outcomes() {
  const codes = codesInOrder();
  const waiting = asked(codes);
  // A group may be cancelled while she looks; a link that is new watches nothing yet.
  const held = heldSections();
  useEffect(() => theLink()?.watch(new Set(held)), [held.join(), connection.value.open]);
  useEffect(() => lookUp([...codes, ...waiting].filter((c) => !courses.value.has(c))));
  useEffect(() => {
    const card = target.value && document.getElementById(cardId(target.value));
    if (!card) return;
    card.scrollIntoView({ block: 'center' });
    card.focus({ preventScroll: true });
  }, [target.value]);
  return (
    <>
      <h1>{t('outcomes.title')}</h1>
      <InLine />
      {windows.value.map((w) => (
        <Ended key={w.key} window={w} />
      ))}
      {!codes.length && !waiting.length ? (
        <Empty icon="outcomes" title={t('outcomes.empty')}>
          {t('outcomes.emptyWhat')} <a href="/opening">{t('plan.toOpening')}</a>
        </Empty>
      ) : (
        <>
          <Closed />
          <ul class="outcomes">
            {waiting.map((c) => (
              <Waiting key={c} code={c} />
            ))}
            {codes.map((c) => (
              <OutcomeCard key={c} code={c} />
            ))}
          </ul>
          <Copy codes={codes} />
        </>
      )}
    </>
  );
}
