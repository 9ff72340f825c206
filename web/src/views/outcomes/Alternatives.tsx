// What fits now in place of a course that she did not get, each taken with one tap.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { credits } from '../../i18n/format';
import { exactly } from '../../model/choices';
import { submitOne, swap, swapFor } from '../../store/actions';
import { api, Failed } from '../../store/api';
import { findSection, lookUp } from '../../store/catalogue';
import { connection, enrolments, outcomes, tell } from '../../store/store';
import { Button } from '../../ui/basics';
import { courseName, sectionName, when } from '../../ui/words';
import type { AlternativesView } from '../../wire/AlternativesView';
import { openFor } from './standing';

type Found = AlternativesView | 'failed' | null;

/** Read again when something of hers was decided, and when the connection is back. */
function useAlternatives(code: string, swapping: boolean): [Found, () => void] {
  const [found, set] = useState<Found>(null);
  const [again, retry] = useState(0);
  const { open } = connection.value;
  useEffect(() => {
    let current = true;
    const show = (f: Found) => {
      if (current) set(f);
    };
    const query = `course=${encodeURIComponent(code)}${swapping ? '&swap=true' : ''}`;
    api<AlternativesView>(`/api/alternatives?${query}`).then(
      (answer) => {
        lookUp([code, ...answer.courses.map((c) => c.course)]);
        show(answer);
      },
      (e) => {
        if (!(e instanceof Failed)) throw e;
        show('failed');
      },
    );
    return () => {
      current = false;
    };
  }, [code, swapping, outcomes.value, enrolments.value, open, again]);
  return [found, () => retry(again + 1)];
}

const described = (sections: string[]): string =>
  sections
    .map((key) => {
      const section = findSection(key)?.section;
      return section ? `${sectionName(key)} (${when(section)})` : sectionName(key);
    })
    .join(', ');

/** Only what is different from what she has, or from the other combinations. */
function telling(sections: string[], all: string[][]): string[] {
  const own = sections.filter((s) => !all.every((other) => other.includes(s)));
  return own.length ? own : sections;
}

function takeSections(code: string, sections: string[]): void {
  const window = openFor(code);
  const has = enrolments.value.some((e) => e.course === code);
  if (has) swap(code, exactly(code, sections).choices ?? [], false);
  else if (window) submitOne(window.key, exactly(code, sections));
  else tell('window_closed');
}

/** Another course: beside what she has, or in place of a course she has a seat in. */
function takeCourse(other: string, sections: string[], from?: string): void {
  const window = openFor(other);
  if (from) swapFor(from, exactly(other, sections));
  else if (window) submitOne(window.key, exactly(other, sections));
  else tell('window_closed');
}

interface Props {
  code: string;
  /** Other sections of the course itself too. */
  own: boolean;
  /** Another course is taken in place of this one. */
  swapping?: boolean;
  onTake?: () => void;
}

export function Alternatives({ code, own, swapping, onTake }: Props) {
  const [found, retry] = useAlternatives(code, !!swapping);
  if (!found) return <p class="quiet">{t('alternatives.loading')}</p>;
  if (found === 'failed') {
    return (
      <p class="quiet">
        {t('alternatives.failed')} <Button onClick={retry}>{t('app.again')}</Button>
      </p>
    );
  }
  const sections = own ? found.sections : [];
  // Beside a chooser of the course's own sections.
  const elsewhere = swapping && !own;
  if (!sections.length && !found.courses.length) {
    return elsewhere ? null : <p class="quiet">{t('alternatives.none')}</p>;
  }
  const take = (go: () => void) => () => {
    onTake?.();
    go();
  };
  return (
    <div class="alternatives">
      <p class="label">{elsewhere ? t('alternatives.swap') : t('alternatives.title')}</p>
      <ul>
        {sections.map((list) => (
          <li key={list.join()}>
            <Button icon="plus" onClick={take(() => takeSections(code, list))}>
              {t('alternatives.section', { sections: described(telling(list, sections)) })}
            </Button>
          </li>
        ))}
        {found.courses.map((c) => (
          <li key={c.course}>
            <Button
              icon="plus"
              onClick={take(() => takeCourse(c.course, c.sections, swapping ? code : undefined))}
            >
              {t('alternatives.course', {
                course: courseName(c.course),
                credits: t('plan.credits', { n: credits(c.credits) }),
              })}
              <span class="meta">{described(c.sections)}</span>
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
