// Why an outcome came out as it did, in words: each step of the decision with what it looked at.
import { keyOf, t, tAny } from '../../../i18n';
import { credits, number } from '../../../i18n/format';
import { courseName, shortKey } from '../../../ui/words';
import type { WhyCombination } from '../../../wire/WhyCombination';
import type { WhySection } from '../../../wire/WhySection';
import type { WhyStep } from '../../../wire/WhyStep';
import { blockName, windowName } from './names';

/** A number in the reader's figures; anything else as it is. */
const figure = (text: string | null): string => {
  if (text === null) return t('list.none');
  return /^\d+$/.test(text) ? number(Number(text)) : text;
};

const ects = (text: string | null): string =>
  text === null || Number.isNaN(Number(text)) ? t('why.noLimit') : credits(Number(text));

/** Codes of courses, with their names where they are known. */
const coursesOf = (codes: string | null): string =>
  (codes ?? '')
    .split(/,\s*|\s+/)
    .filter(Boolean)
    .map((code) => {
      const name = courseName(code);
      return name === code ? code : `${name} (${code})`;
    })
    .join(', ');

const reasonOf = (reason: string | null): string => (reason ? blockName(reason) : '');

/** What goes into the words of a step. */
function values(s: WhyStep): Record<string, string> {
  if (s.key === 'window') return { value: windowName(s.value ?? ''), of: '', about: '' };
  if (s.key === 'credits') {
    return { value: ects(s.value), of: ects(s.of), about: ects(s.about) };
  }
  if (s.key === 'has_already' || s.key === 'has_place') {
    return { value: reasonOf(s.value), of: '', about: reasonOf(s.about ?? s.value) };
  }
  if (s.key === 'prerequisites') return { value: '', of: '', about: coursesOf(s.value) };
  if (s.key === 'blocked') return { value: '', of: '', about: s.value ?? '' };
  const about = s.key === 'clash' ? coursesOf(s.about) : figure(s.about);
  return { value: figure(s.value), of: figure(s.of), about };
}

/** A fact, or a check with how it came out; one that is not known here is shown as it is. */
export function stepText(s: WhyStep): string {
  const form = s.state === 'fact' ? `fact.${s.key}` : `step.${s.key}.${s.state}`;
  // Why there was no waitlist for her is said in words of its own.
  const own = s.state === 'stopped' && s.about ? keyOf(`step.${s.key}.${s.about}`) : undefined;
  const key =
    own ?? keyOf(form) ?? (s.state === 'not_reached' ? keyOf('why.notReached') : undefined);
  if (key) return tAny(key, { ...values(s), step: stepName(s.key) });
  return [s.key, s.value, s.of, s.about].filter(Boolean).join(' · ');
}

/** What a check looks at. */
export const stepName = (step: string): string => {
  const key = keyOf(`looks.${step}`);
  return key ? tAny(key, {}) : step;
};

export const ruleText = (rule: string): string => {
  const key = keyOf(`rule.${rule}`);
  return key ? tAny(key, {}) : rule;
};

export const isFact = (s: WhyStep): boolean => s.state === 'fact';

/** Her wish for a section. */
export function rankText(s: WhySection): string {
  if (s.rank === null) return t('why.notAccepted');
  return s.rank === 0 ? t('why.any') : t('plan.choice', { n: s.rank });
}

export function seatsText(s: WhySection): string {
  if (s.capacity === null) return t('section.unlimited');
  return t('why.left', { left: s.left ?? 0, capacity: s.capacity });
}

export function combinationText(c: WhyCombination): string {
  const sections = c.sections.map(shortKey).join(' + ');
  const about =
    c.about === null ? '' : c.state === 'clash' ? coursesOf(c.about) : shortKey(c.about);
  const key = keyOf(`combination.${c.state}`);
  return key ? tAny(key, { sections, about }) : `${sections}: ${c.state} ${about}`;
}
