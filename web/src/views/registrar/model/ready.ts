// What a check of readiness found, in words.
import { keyOf, t, tAny } from '../../../i18n';
import { moment, number } from '../../../i18n/format';
import type { ReadinessCheck } from '../../../wire/ReadinessCheck';
import { gigabytes } from './format';

const GB = 1e9;

const known = (what: string, word: string | null): string => {
  const text = word && keyOf(`found.${what}.${word}`);
  return text ? tAny(text, {}) : (word ?? '');
};

/** `120 of 300`, or the number alone. */
function counted(value: string | null, of: string | null): string {
  if (value === null) return t('found.unknown');
  if (of === null) return number(Number(value));
  return t('found.of', { n: number(Number(value)), of: number(Number(of)) });
}

export function checkValue({ key, value, of }: ReadinessCheck): string {
  switch (key) {
    case 'window': {
      const at = value === null ? t('found.noTime') : moment(Number(value));
      return `${known('window', of)}, ${at}`;
    }
    case 'closing':
      return value === null ? t('found.noTime') : moment(Number(value));
    case 'order':
    case 'demo_sign_in':
      return known(key, value);
    case 'seed_hash':
      return `${(value ?? '').slice(0, 12)}…`;
    case 'disk':
      if (value === null || of === null) return t('found.unknown');
      return t('found.of', {
        n: gigabytes(Number(value) / GB),
        of: gigabytes(Number(of) / GB),
      });
    case 'snapshot':
      return t('found.snapshot', { n: Number(value ?? 0) });
    case 'journal':
      return value === null ? t('found.unknown') : t('found.journal', { n: number(Number(value)) });
    default:
      return counted(value, of);
  }
}
