// How long ago something was, in words.
import { t } from '../i18n';

const IN_MINUTES_S = 120;

export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < IN_MINUTES_S
    ? t('time.seconds', { n: seconds })
    : t('time.minutes', { n: Math.round(seconds / 60) });
}
