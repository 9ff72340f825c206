// What registrars did last, so that each sees what the other does.
import { t } from '../../i18n';
import { clockTime } from '../../i18n/format';
import { latest } from '../../store/registrar';
import { serverNow } from '../../store/store';
import type { AuditEntry } from '../../wire/AuditEntry';
import { actionName, authorName, change, subjectName } from './model/audit';
import { Part } from './parts/Freshness';

/** What was done just now is marked for so long. */
const FRESH_MS = 15_000;

const Item = ({ entry: e }: { entry: AuditEntry }) => {
  const fresh = serverNow.value - e.at < FRESH_MS;
  return (
    <li class={fresh ? 'fresh' : undefined} data-action={e.action}>
      <p>
        <strong>{actionName(e.action)}</strong>{' '}
        {[subjectName(e), change(e)].filter(Boolean).join(': ')}
      </p>
      <p class="meta">
        <time dateTime={new Date(e.at).toISOString()}>{clockTime(e.at)}</time> · {authorName(e.by)}
        {fresh && ` · ${t('latest.now')}`}
        {e.reason && <span class="said"> · {t('latest.reason', { reason: e.reason })}</span>}
      </p>
    </li>
  );
};

export const Latest = () => (
  <section class="latest" aria-labelledby="latest">
    <h2 id="latest">{t('latest.title')}</h2>
    <Part of={latest}>
      {(log) =>
        log.entries.length ? (
          <ol>
            {log.entries.map((e) => (
              <Item key={e.journal} entry={e} />
            ))}
          </ol>
        ) : (
          <p class="quiet">{t('latest.none')}</p>
        )
      }
    </Part>
    <p>
      <a href="/registrar/log">{t('latest.all')}</a>
    </p>
  </section>
);
