// She may not register at all: said once, above everything, with what she can do about it.
import { t } from '../i18n';
import { savedPlan } from '../store/store';
import { Mark } from './basics';
import { solution } from './words';

export function Blocked() {
  const all = savedPlan.value.blockers.flatMap((b) => b.blockers);
  const block = all.find((b) => b.reason === 'blocked');
  if (!block) return null;
  return (
    <section class="notice" aria-label={t('plan.blockers')}>
      <Mark tone="bad" icon="warn">
        <strong>{t('plan.blocked', { about: block.about ?? '' })}</strong> {solution('blocked')}{' '}
        {t('plan.blockedStill')}
      </Mark>
    </section>
  );
}
