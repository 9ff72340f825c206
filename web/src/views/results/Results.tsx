// Study results, term by term, and how far she is in her programme.
import { useEffect } from 'preact/hooks';
import { named, t } from '../../i18n';
import { credits, dayYear, mark } from '../../i18n/format';
import { type ResultRow, resultRows } from '../../model/results';
import { target } from '../../router';
import { results } from '../../store/resources';
import { Empty, Fetched } from '../../ui/basics';
import { Icon } from '../../ui/Icon';
import { gradeName } from '../../ui/words';
import type { Progress as ProgressView } from '../../wire/Progress';
import type { Results as ResultsView } from '../../wire/Results';
import type { ResultView } from '../../wire/ResultView';
import type { TermResults } from '../../wire/TermResults';

const ects = (n: number): string => t('plan.credits', { n: credits(n) });

function Bar(props: { name: string; passed: number; required: number; main?: boolean }) {
  const { name, passed, required, main } = props;
  const words = t('results.ofRequired', { n: credits(passed), of: credits(required) });
  return (
    <div class={main ? 'bar main' : 'bar'}>
      <span>{name}</span>
      <span class="figures">{words}</span>
      <progress value={passed} max={Math.max(required, 1)} aria-label={`${name}: ${words}`} />
    </div>
  );
}

function Progress({ of }: { of: ProgressView }) {
  return (
    <section class="progress" aria-labelledby="progress-title">
      <h2 id="progress-title">{named(of.name)}</h2>
      <Bar name={t('results.required')} passed={of.passed} required={of.required} main />
      {of.years.length > 1 &&
        of.years.map((y) => (
          <Bar
            key={y.year}
            name={t('results.year', { n: y.year })}
            passed={y.passed}
            required={y.required}
          />
        ))}
      {of.optional_passed > 0 && (
        <p class="meta">{t('results.optional', { n: credits(of.optional_passed) })}</p>
      )}
    </section>
  );
}

function Passed({ result: r }: { result: ResultView }) {
  const word = r.passed ? t('results.passed') : t('results.failed');
  return (
    <span class={r.passed ? 'mark good' : 'mark bad'}>
      <Icon name={r.passed ? 'check' : 'cross'} heavy />
      <span class="hidden">{word}</span>
    </span>
  );
}

function Row({ row: { result: r, under } }: { row: ResultRow }) {
  const name = r.name ? named(r.name) : r.course;
  const attempt = t('results.attemptN', { n: r.attempt });
  const id = r.component ? undefined : `result-${r.course}`;
  return (
    <tr class={under ? 'part' : undefined} id={id}>
      <th scope="row">
        {under ? <span class="hidden">{name}: </span> : name}{' '}
        {!under && <span class="code">{r.course}</span>} {r.component}
        <span class="meta narrow-cell">
          {attempt} · {dayYear(r.date)}
        </span>
      </th>
      <td class="wide-cell">{attempt}</td>
      <td class="wide-cell figures">{dayYear(r.date)}</td>
      <td class="grade figures">
        <Passed result={r} /> {gradeName(r.grade)}
      </td>
      <td class="figures">{r.counts ? credits(r.credits) : '–'}</td>
    </tr>
  );
}

function Term({ term }: { term: TermResults }) {
  const name = term.name ? named(term.name) : t('results.term', { term: term.term });
  return (
    <section>
      <table class="results">
        <caption>
          <h2>{name}</h2> <span class="quiet">{ects(term.credits)}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">{t('results.course')}</th>
            <th scope="col" class="wide-cell">
              {t('results.attempt')}
            </th>
            <th scope="col" class="wide-cell">
              {t('results.date')}
            </th>
            <th scope="col">{t('results.grade')}</th>
            <th scope="col">{t('results.credits')}</th>
          </tr>
        </thead>
        <tbody>
          {resultRows(term.results).map((row) => (
            <Row key={row.key} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function All({ all }: { all: ResultsView }) {
  useEffect(() => {
    const row = target.value && document.getElementById(`result-${target.value}`);
    if (row) row.scrollIntoView({ block: 'center' });
  }, [target.value]);
  return (
    <>
      <dl class="totals">
        <div>
          <dt>{t('results.obtained')}</dt>
          <dd class="big">{ects(all.credits)}</dd>
        </div>
        {all.average !== null && (
          <div>
            <dt>{t('results.average')}</dt>
            <dd class="big">{mark(all.average)}</dd>
          </div>
        )}
      </dl>
      {all.progress && <Progress of={all.progress} />}
      {all.terms.length === 0 ? (
        <Empty icon="results" title={t('results.empty')}>
          {t('results.emptyWhat')}
        </Empty>
      ) : (
        all.terms.map((term) => <Term key={term.term} term={term} />)
      )}
      <p class="quiet">{t('results.final')}</p>
    </>
  );
}

export const Results = () => (
  <>
    <h1>{t('results.title')}</h1>
    <Fetched of={results}>{(all) => <All all={all} />}</Fetched>
  </>
);
