// The audit log, newest first, and what can be taken away as a file.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { number, stamp } from '../../i18n/format';
import { Failed } from '../../store/api';
import { board, readLog } from '../../store/registrar';
import { Button, Empty, Loading } from '../../ui/basics';
import { Icon } from '../../ui/Icon';
import type { AuditEntry } from '../../wire/AuditEntry';
import { ACTIONS, actionName, authorName, change, finds, subjectName } from './model/audit';
import { Problem } from './parts/act';
import { Choose, Field } from './parts/Field';

/** So many readings at most for one press, while a search finds nothing. */
const READS_MAX = 5;

interface Read {
  entries: AuditEntry[];
  next: number | null;
}

function useLog() {
  const [log, setLog] = useState<Read | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Failed | null>(null);
  /** Reads on until something more is found, or for a while. */
  const read = async (from: Read | null, wanted: (e: AuditEntry) => boolean) => {
    setBusy(true);
    setProblem(null);
    let have = from;
    try {
      for (let i = 0; i < READS_MAX; i += 1) {
        const more = await readLog(have?.next);
        have = { entries: [...(have?.entries ?? []), ...more.entries], next: more.next };
        if (more.next === null || more.entries.some(wanted)) break;
      }
    } catch (e) {
      if (!(e instanceof Failed)) throw e;
      setProblem(e);
    }
    setLog(have);
    setBusy(false);
  };
  return { log, busy, problem, read };
}

const Row = ({ entry: e }: { entry: AuditEntry }) => (
  <tr data-journal={e.journal}>
    <th scope="row">
      <time dateTime={new Date(e.at).toISOString()}>{stamp(e.at)}</time>
      <span class="meta row-name">{t('log.receipt', { n: `${e.journal}` })}</span>
    </th>
    <td class="wide-cell">{authorName(e.by)}</td>
    <td>
      <strong>{actionName(e.action)}</strong>
      {e.subject && <span class="row-name">{subjectName(e)}</span>}
      <span class="narrow-cell">
        {change(e)}
        <span class="meta row-name">
          {authorName(e.by)}
          {e.reason && ` · ${e.reason}`}
        </span>
      </span>
    </td>
    <td class="wide-cell">{change(e)}</td>
    <td class="wide-cell">{e.reason ?? t('list.none')}</td>
  </tr>
);

const Table = ({ list }: { list: AuditEntry[] }) => (
  <table class="console-table log-table">
    <caption class="hidden">{t('log.title')}</caption>
    <thead>
      <tr>
        <th scope="col">{t('log.at')}</th>
        <th scope="col" class="wide-cell">
          {t('log.by')}
        </th>
        <th scope="col">{t('log.action')}</th>
        <th scope="col" class="wide-cell">
          {t('log.change')}
        </th>
        <th scope="col" class="wide-cell">
          {t('log.reason')}
        </th>
      </tr>
    </thead>
    <tbody>
      {list.map((e) => (
        <Row key={e.journal} entry={e} />
      ))}
    </tbody>
  </table>
);

const FILES = [
  { path: '/api/admin/audit.csv', name: 'log.auditCsv' },
  { path: '/api/admin/audit.json', name: 'log.auditJson' },
  { path: '/api/admin/enrolments.csv', name: 'log.enrolmentsCsv' },
  { path: '/api/admin/enrolments', name: 'log.enrolmentsJson', as: 'enrolments.json' },
  { path: '/api/admin/waitlists.csv', name: 'log.waitlistsCsv' },
  { path: '/api/admin/waitlists', name: 'log.waitlistsJson', as: 'waitlists.json' },
] as const;

const Files = () => (
  <section aria-labelledby="files">
    <h2 id="files">{t('log.files')}</h2>
    <p class="quiet">{t('log.filesWhat')}</p>
    <ul class="files">
      {FILES.map((f) => (
        <li key={f.path}>
          <a class="button" href={f.path} download={'as' in f ? f.as : true}>
            <Icon name="down" />
            {t(f.name)}
          </a>
        </li>
      ))}
    </ul>
  </section>
);

function Entries() {
  const [action, setAction] = useState('');
  const [q, setQ] = useState('');
  const { log, busy, problem, read } = useLog();
  const wanted = (e: AuditEntry) => finds(e, action, q);
  useEffect(() => {
    if (!board.value.peek()) void board.load(); // for the windows' names
    void read(null, () => true);
  }, []);
  const shown = log?.entries.filter(wanted) ?? [];
  return (
    <>
      <search class="list-tools">
        <Field id="log-find" label={t('log.find')} value={q} onInput={setQ} />
        <Choose
          id="log-action"
          label={t('log.action')}
          value={action}
          options={[
            ['', t('log.any')] as const,
            ...ACTIONS.map((a) => [a, actionName(a)] as const),
          ]}
          onChange={setAction}
        />
        <Button busy={busy} onClick={() => void read(null, () => true)}>
          {t('log.refresh')}
        </Button>
      </search>
      <Problem of={problem} />
      {!log && busy && <Loading />}
      {log && (
        <p role="status" class="meta">
          {t('log.shown', { n: number(shown.length), of: number(log.entries.length) })}{' '}
          {log.next === null && t('log.end')}
        </p>
      )}
      {shown.length > 0 && <Table list={shown} />}
      {log && !shown.length && (
        <Empty icon="plan" title={log.entries.length ? t('log.noneFound') : t('log.none')}>
          {log.entries.length ? t('log.noneFoundHow') : t('log.noneHow')}
        </Empty>
      )}
      {log && log.next !== null && (
        <div class="row">
          <Button busy={busy} onClick={() => void read(log, wanted)}>
            {t('log.more')}
          </Button>
        </div>
      )}
    </>
  );
}

export const Log = () => (
  <>
    <h1>{t('log.title')}</h1>
    <p class="lead">{t('log.lead')}</p>
    <Entries />
    <Files />
  </>
);
