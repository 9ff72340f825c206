// The decision told step by step, with the groups as they were then.
import { t } from '../../i18n';
import { Mark } from '../../ui/basics';
import { courseName, kindName, shortKey } from '../../ui/words';
import type { Why } from '../../wire/Why';
import type { WhySection } from '../../wire/WhySection';
import type { WhyStep } from '../../wire/WhyStep';
import { combinationText, isFact, rankText, ruleText, seatsText, stepText } from './model/why';
import { StatusMark } from './Sections';

const SIGNS = {
  passed: { tone: 'good', icon: 'check', says: 'why.passed' },
  stopped: { tone: 'bad', icon: 'cross', says: 'why.stopped' },
  not_reached: { tone: 'quiet', icon: 'minus', says: 'why.skipped' },
} as const;

function Step({ step }: { step: WhyStep }) {
  const sign = SIGNS[step.state as keyof typeof SIGNS] ?? SIGNS.not_reached;
  return (
    <li data-step={step.key} data-state={step.state}>
      <Mark tone={sign.tone} icon={sign.icon}>
        <span class="hidden">{t(sign.says)}: </span>
        {stepText(step)}
      </Mark>
    </li>
  );
}

const Section = ({ section: s }: { section: WhySection }) => (
  <tr>
    <th scope="row">
      <span class="row-key">{shortKey(s.section)}</span>
      <span class="meta row-name">{kindName(s.kind)}</span>
    </th>
    <td>{rankText(s)}</td>
    <td>
      {seatsText(s)}
      {s.status !== 'open' && <StatusMark status={s.status} />}
      {s.clash && <span class="row-name">{t('week.clash', { course: courseName(s.clash) })}</span>}
      {s.granted && (
        <Mark tone="good" icon="check">
          {t('why.granted')}
        </Mark>
      )}
    </td>
  </tr>
);

const Sections = ({ list }: { list: WhySection[] }) => (
  <table class="console-table why-sections">
    <caption>{t('why.sections')}</caption>
    <thead>
      <tr>
        <th scope="col">{t('section.section')}</th>
        <th scope="col">{t('why.wish')}</th>
        <th scope="col">{t('why.then')}</th>
      </tr>
    </thead>
    <tbody>
      {list.map((s) => (
        <Section key={s.section} section={s} />
      ))}
    </tbody>
  </table>
);

const Combinations = ({ why: w }: { why: Why }) => (
  <details>
    <summary>{t('why.combinations', { n: w.combinations.length + w.more })}</summary>
    <ol class="combinations">
      {w.combinations.map((c) => (
        <li key={c.sections.join()}>{combinationText(c)}</li>
      ))}
    </ol>
    {w.more > 0 && <p class="quiet">{t('why.more', { n: w.more })}</p>}
  </details>
);

export function WhyView({ why: w }: { why: Why }) {
  const facts = w.steps.filter(isFact);
  const checks = w.steps.filter((s) => !isFact(s));
  return (
    <div class="why">
      <p>
        {ruleText(w.rule)} {facts.map(stepText).join(' ')}
      </p>
      <ol>
        {checks.map((s) => (
          <Step key={s.key} step={s} />
        ))}
      </ol>
      {w.sections.length > 0 && <Sections list={w.sections} />}
      {w.combinations.length > 0 && <Combinations why={w} />}
      {!w.request_known && <p class="quiet">{t('why.unknownRequest')}</p>}
      {w.agrees === true && <p class="quiet">{t('why.agrees')}</p>}
      {w.agrees === false && (
        <Mark tone="bad" icon="warn">
          {t('why.differs')}
        </Mark>
      )}
    </div>
  );
}
