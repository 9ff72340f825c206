// One student's file. Her number is typed and sent; it is in no address.
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { clockTime } from '../../i18n/format';
import { Failed } from '../../store/api';
import { board, file, fileAt, lookedUp, readFile } from '../../store/registrar';
import { state } from '../../store/store';
import { Button, Empty } from '../../ui/basics';
import { say } from '../../ui/live';
import { StudentFileView } from './File';
import { code, type Fault, faultOf } from './model/check';
import { focusFault, Problem } from './parts/act';
import { Field } from './parts/Field';

function useLookUp() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Failed | null>(null);
  const look = async (student: string) => {
    setBusy(true);
    setProblem(null);
    try {
      await readFile(student);
      say(t('file.found', { student }));
    } catch (e) {
      if (!(e instanceof Failed)) throw e;
      setProblem(e);
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, look };
}

export function Student() {
  const form = useRef<HTMLFormElement>(null);
  const [text, setText] = useState(lookedUp.value);
  const [fault, setFault] = useState<Fault | null>(null);
  const { busy, problem, look } = useLookUp();
  // Who comes from the list of blocked plans has chosen her already.
  useEffect(() => {
    if (!board.value.peek()) void board.load(); // for the windows' names
    if (lookedUp.value && file.value?.student !== lookedUp.value) void look(lookedUp.value);
  }, []);
  const submit = (e: Event) => {
    e.preventDefault();
    const wanted = code(text, 'fault.student');
    setFault(faultOf(wanted));
    focusFault(form.current);
    if ('value' in wanted && !busy) void look(wanted.value);
  };
  const found = file.value;
  return (
    <>
      <h1>{t('file.title')}</h1>
      <form ref={form} class="form look-up" onSubmit={submit} noValidate>
        <Field id="student" label={t('file.number')} value={text} fault={fault} onInput={setText} />
        <button type="submit" class="button primary" aria-disabled={busy || undefined}>
          {busy ? t('app.busy') : t('file.look')}
        </button>
      </form>
      <Problem of={problem} />
      {found && (
        <div class="file">
          <div class="file-head">
            <h2>{t('file.of', { student: found.student })}</h2>
            <p class="meta">
              {t('file.at', { time: clockTime(fileAt.value + (state.value.offset ?? 0)) })}
            </p>
            <Button busy={busy} onClick={() => void look(found.student)}>
              {t('file.refresh')}
            </Button>
          </div>
          <StudentFileView key={found.student} file={found} />
        </div>
      )}
      {!found && !problem && (
        <Empty icon="account" title={t('file.empty')}>
          {t('file.emptyHow')}
        </Empty>
      )}
    </>
  );
}
