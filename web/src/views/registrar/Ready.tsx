// What must be in order before a window opens.
import { keyOf, t, tAny } from '../../i18n';
import { readiness } from '../../store/registrar';
import { Mark } from '../../ui/basics';
import type { ReadinessCheck as Check } from '../../wire/ReadinessCheck';
import { checkValue } from './model/ready';
import { Part } from './parts/Freshness';

const SIGNS = {
  ok: { tone: 'good', icon: 'check' },
  warn: { tone: 'wait', icon: 'warn' },
  fail: { tone: 'bad', icon: 'cross' },
} as const;

const signOf = (state: string) => SIGNS[state as keyof typeof SIGNS] ?? SIGNS.warn;

const stateName = (state: string): string => {
  const key = keyOf(`ready.${state}`);
  return key ? tAny(key, {}) : state;
};

const checkName = (key: string): string => {
  const known = keyOf(`check.${key}`);
  return known ? tAny(known, {}) : key;
};

const Line = ({ check: c }: { check: Check }) => {
  const { tone, icon } = signOf(c.state);
  return (
    <li data-check={c.key} data-state={c.state}>
      <Mark tone={tone} icon={icon}>
        <span class="hidden">{stateName(c.state)}: </span>
        <span class="check-name">{checkName(c.key)}</span>{' '}
        <span class="check-value">{checkValue(c)}</span>
        {c.state !== 'ok' && <span class="tag">{stateName(c.state)}</span>}
      </Mark>
    </li>
  );
};

export const Ready = () => (
  <section class="ready" aria-labelledby="ready">
    <h2 id="ready">{t('ready.title')}</h2>
    <Part of={readiness}>
      {({ checks }) => {
        const open = checks.filter((c) => c.state !== 'ok').length;
        return (
          <>
            <p>{open ? t('ready.open', { n: open }) : t('ready.all')}</p>
            <ul>
              {checks.map((c) => (
                <Line key={c.key} check={c} />
              ))}
            </ul>
          </>
        );
      }}
    </Part>
  </section>
);
