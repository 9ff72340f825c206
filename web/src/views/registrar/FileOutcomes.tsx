// What became of each of her requests, newest first, each with why it came out as it did.
import { useState } from 'preact/hooks';
import { keyOf, t, tAny } from '../../i18n';
import { stamp } from '../../i18n/format';
import { Failed } from '../../store/api';
import { why } from '../../store/registrar';
import { Button, Mark } from '../../ui/basics';
import type { FileOutcome } from '../../wire/FileOutcome';
import type { StudentFile } from '../../wire/StudentFile';
import type { Why } from '../../wire/Why';
import { Course, sectionNames } from './File';
import { blockName } from './model/names';
import { Problem } from './parts/act';
import { WhyView } from './WhyView';

/** So many are shown before more are asked for. */
const FIRST = 10;

const SIGNS = {
  enrolled: { tone: 'good', icon: 'check' },
  waitlisted: { tone: 'wait', icon: 'wait' },
  refused: { tone: 'bad', icon: 'cross' },
} as const;

const outcomeName = (outcome: string): string => {
  const key = keyOf(`came.${outcome}`);
  return key ? tAny(key, {}) : outcome;
};

const viaName = (via: string): string => {
  const key = keyOf(`via.${via}`);
  return key ? tAny(key, {}) : via;
};

function Explained({ outcome: o }: { outcome: FileOutcome }) {
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<Why | null>(null);
  const [problem, setProblem] = useState<Failed | null>(null);
  const ask = async () => {
    if (found) {
      setFound(null);
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      setFound(await why(o.journal, o.course));
    } catch (e) {
      if (!(e instanceof Failed)) throw e;
      setProblem(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button
        kind="quiet"
        busy={busy}
        expanded={found !== null}
        label={t('why.askNamed', { course: o.course, n: `${o.journal}` })}
        onClick={() => void ask()}
      >
        {t('why.ask')}
      </Button>
      <Problem of={problem} />
      {/* That it opened is said by the button; a table is not read aloud unasked. */}
      {found && <WhyView why={found} />}
    </>
  );
}

function Line({ outcome: o }: { outcome: FileOutcome }) {
  const sign =
    SIGNS[o.outcome as keyof typeof SIGNS] ?? ({ tone: 'quiet', icon: 'minus' } as const);
  return (
    <li data-outcome={o.course}>
      <Course code={o.course} />
      <Mark tone={sign.tone} icon={sign.icon}>
        {outcomeName(o.outcome)}
        {o.reason && `: ${blockName(o.reason)}`}
      </Mark>
      <p class="meta">
        <time dateTime={new Date(o.at).toISOString()}>{stamp(o.at)}</time> ·{' '}
        {t('card.receipt', { n: `${o.journal}` })} · {viaName(o.via)}
        {o.sections.length > 0 && ` · ${sectionNames(o.sections)}`}
      </p>
      {o.via !== 'registrar' && <Explained outcome={o} />}
    </li>
  );
}

export function FileOutcomes({ file: f }: { file: StudentFile }) {
  const [shown, show] = useState(FIRST);
  if (!f.outcomes.length) return <p class="quiet">{t('file.none')}</p>;
  return (
    <>
      <ul class="lines">
        {f.outcomes.slice(0, shown).map((o) => (
          <Line key={`${o.journal} ${o.course}`} outcome={o} />
        ))}
      </ul>
      {f.outcomes.length > shown && (
        <Button onClick={() => show(f.outcomes.length)}>
          {t('file.more', { n: f.outcomes.length - shown })}
        </Button>
      )}
    </>
  );
}
