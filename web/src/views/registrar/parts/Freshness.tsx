// How old what is shown is, and what became of the last try to read it.
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../../../i18n';
import { clockTime } from '../../../i18n/format';
import { isOld, type Live, watchedSince } from '../../../store/live';
import { me, now, state } from '../../../store/store';
import { age } from '../../../ui/age';
import { Button, Loading, Mark } from '../../../ui/basics';
import { Icon } from '../../../ui/Icon';
import { say } from '../../../ui/live';
import { problemText } from './act';

const time = (at: number): string => clockTime(at + (state.value.offset ?? 0));

/** One quiet line: from when this is. */
export function AsOf({ of }: { of: Live<unknown> }) {
  const at = of.at.value;
  if (!at) return null;
  return (
    <p class="as-of meta">
      {t('fresh.at', { time: time(at), age: age(now.value - at) })} {t('fresh.how')}{' '}
      {me.value?.name && t('fresh.you', { name: me.value.name })}
    </p>
  );
}

function Trouble({ of }: { of: Live<unknown> }) {
  const fault = of.fault.value;
  const at = of.at.value;
  const old = at > 0 && isOld(at, watchedSince.value, now.value);
  const trouble = fault !== null || (old && of.value.value !== null);
  useEffect(() => {
    if (!trouble) return;
    say(t('fresh.lost'));
    return () => say(t('fresh.back'));
  }, [trouble]);
  if (!trouble) return null;
  return (
    <section class="banner" aria-label={t('fresh.lost')}>
      <Icon name="warn" />
      <p>
        <strong>{fault ? problemText(fault) : t('fresh.late')}</strong>{' '}
        {of.value.value !== null && t('lost.age', { time: time(at), age: age(now.value - at) })}{' '}
        {t('fresh.trying')}
      </p>
      <Button onClick={() => void of.load()}>{t('app.retry')}</Button>
    </section>
  );
}

/** What is polled: on its way, not to be had, or there, always with its age. */
export function Shown<T>(props: { of: Live<T>; children: (value: T) => ComponentChildren }) {
  const { value, fault } = props.of;
  return (
    <>
      <Trouble of={props.of as Live<unknown>} />
      {value.value !== null ? props.children(value.value) : !fault.value && <Loading />}
    </>
  );
}

/** A part of a view that could not be read, while others could. */
export function Part<T>(props: { of: Live<T>; children: (value: T) => ComponentChildren }) {
  const { value, fault, load } = props.of;
  return (
    <>
      {fault.value && (
        <div class="stale">
          <Mark tone="wait" icon="warn">
            {problemText(fault.value)}
          </Mark>
          <Button onClick={() => void load()}>{t('app.again')}</Button>
        </div>
      )}
      {value.value !== null ? props.children(value.value) : !fault.value && <Loading />}
    </>
  );
}
