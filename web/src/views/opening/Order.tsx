// Who goes first and why; a lottery shows its seal before and its proof after.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { number } from '../../i18n/format';
import { type Check, check } from '../../model/lottery';
import { api } from '../../store/api';
import { attempt } from '../../store/session';
import { tickets } from '../../store/store';
import { Button, Mark } from '../../ui/basics';
import type { Transcript } from '../../wire/Transcript';
import type { WindowView } from '../../wire/WindowView';

const rule = (w: WindowView): string => {
  if (w.order === 'arrival') return t('order.arrival');
  return w.seed ? t('order.lotteryDone') : t('order.lottery');
};

function Verdict({ found, ticket }: { found: Check; ticket: number }) {
  const { sealed, rank, among } = found;
  if (!sealed) {
    return (
      <Mark tone="bad" icon="warn">
        {t('order.broken')}
      </Mark>
    );
  }
  return (
    <Mark tone="good" icon="check">
      {rank === null
        ? t('order.notDrawn', { ticket: number(ticket), among })
        : t('order.checked', { ticket: number(ticket), rank, among })}
    </Mark>
  );
}

/** Recomputes her rank here, from the seed and the list of tickets. */
function CheckRank({ window: w }: { window: WindowView }) {
  const own = tickets.value[w.key];
  const [typed, type] = useState(own === undefined ? '' : `${own}`);
  const ticket = Number.parseInt(typed, 10);
  const [found, setFound] = useState<Check | 'busy' | null>(null);
  const run = () =>
    attempt(async () => {
      setFound('busy');
      const draw = await api<Transcript>(`/api/windows/${encodeURIComponent(w.key)}/lottery`);
      const seed = w.seed ?? '';
      setFound(await check({ ...draw, seed, seed_hash: w.seed_hash }, ticket));
    });
  return (
    <>
      <div class="inline-form">
        <label for={`ticket-${w.key}`}>{t('order.ticket')}</label>
        <input
          id={`ticket-${w.key}`}
          inputMode="numeric"
          autocomplete="off"
          value={typed}
          onInput={(e) => {
            type(e.currentTarget.value);
            setFound(null);
          }}
        />
        <Button busy={found === 'busy'} onClick={() => ticket >= 0 && void run()}>
          {t('order.check')}
        </Button>
      </div>
      <div role="status">
        {found === 'busy' && <p class="hidden">{t('order.checking')}</p>}
        {found && found !== 'busy' && <Verdict found={found} ticket={ticket} />}
      </div>
    </>
  );
}

export function Order({ window: w }: { window: WindowView }) {
  return (
    <div class="order">
      <p>
        <strong>{t('order.title')}</strong> {rule(w)}
      </p>
      {w.order === 'lottery' && (
        <details>
          <summary>{w.seed ? t('order.proof') : t('order.seal')}</summary>
          <p class="quiet">{w.seed ? t('order.proofWhat') : t('order.sealWhat')}</p>
          <dl>
            <dt>{t('order.hash')}</dt>
            <dd class="hex">{w.seed_hash}</dd>
            {w.seed && (
              <>
                <dt>{t('order.seed')}</dt>
                <dd class="hex">{w.seed}</dd>
              </>
            )}
          </dl>
          {w.seed && window.isSecureContext && <CheckRank key={`${w.run}`} window={w} />}
        </details>
      )}
    </div>
  );
}
