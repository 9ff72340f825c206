// A file of sections and courses: what it would change is shown first.
import { signal } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { importCourses } from '../../store/registrar';
import { Button, Dialog, Mark } from '../../ui/basics';
import type { ImportAnswer } from '../../wire/ImportAnswer';
import type { Fault } from './model/check';
import { thing } from './model/imported';
import { focusFault, Problem, Submit, useAct } from './parts/act';
import { FieldFault } from './parts/Field';

/** As IMPORT_BYTES_MAX in src/limits.rs. */
const FILE_MB_MAX = 32;
const SHOWN_MAX = 30;
/** The end of a long name is what tells it apart. */
const NAME_MAX = 80;

interface Chosen {
  name: string;
  bytes: ArrayBuffer;
}

async function read(file: File | undefined): Promise<Chosen | Fault> {
  if (!file) return { key: 'fault.file' };
  if (!file.size) return { key: 'fault.fileEmpty' };
  if (file.size > FILE_MB_MAX * 1024 * 1024) {
    return { key: 'fault.fileLarge', params: { n: FILE_MB_MAX } };
  }
  const bytes = await file.arrayBuffer().catch(() => null);
  return bytes ? { name: file.name.slice(-NAME_MAX), bytes } : { key: 'fault.fileUnread' };
}

const Things = ({ title, list }: { title: string; list: string[] }) =>
  list.length > 0 ? (
    <>
      <h3>{title}</h3>
      <ul class="things">
        {list.slice(0, SHOWN_MAX).map((text) => (
          <li key={text}>{thing(text)}</li>
        ))}
        {list.length > SHOWN_MAX && (
          <li class="quiet">{t('import.more', { n: list.length - SHOWN_MAX })}</li>
        )}
      </ul>
    </>
  ) : null;

/** What the file comes to, and the button that does it. */
function Outlook(props: { of: ImportAnswer; busy: boolean; onGo: () => void }) {
  const { added, changed, unchanged } = props.of;
  const nothing = !added.length && !changed.length;
  return (
    <div class="outlook">
      <p role="status">{nothing ? t('import.none') : t('import.found')}</p>
      <Things title={t('import.added', { n: added.length })} list={added} />
      <Things title={t('import.changed', { n: changed.length })} list={changed} />
      {unchanged > 0 && !nothing && <p class="quiet">{t('import.same', { n: unchanged })}</p>}
      {!nothing && (
        <>
          <p>{t('import.final')}</p>
          <div class="row">
            <Button kind="primary" busy={props.busy} onClick={props.onGo}>
              {t('import.go')}
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

function ImportDialog({ onClose }: { onClose: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [would, setWould] = useState<ImportAnswer | null>(null);
  const [done, setDone] = useState<ImportAnswer | null>(null);
  const looks = useAct<ImportAnswer>(setWould, false);
  const acts = useAct<ImportAnswer>((answer) => {
    setWould(null);
    setDone(answer);
    form.current?.reset();
  });
  /** Another file: what was said of the former is over. */
  const anew = () => {
    setFault(null);
    setWould(null);
    setDone(null);
    looks.forget();
    acts.forget();
  };
  const check = async (e: Event) => {
    e.preventDefault();
    if (looks.busy || acts.busy) return;
    anew();
    const found = await read(file.current?.files?.[0]);
    if ('key' in found) {
      setFault(found);
      focusFault(form.current);
      return;
    }
    setChosen(found);
    void looks.send(() => importCourses(found.bytes, found.name, true));
  };
  const go = () => {
    if (chosen) void acts.send(() => importCourses(chosen.bytes, chosen.name, false));
  };
  return (
    <Dialog title={t('import.title')} onClose={onClose}>
      <p class="quiet">{t('import.how')}</p>
      <form ref={form} class="form" onSubmit={(e) => void check(e)} noValidate>
        <div class="form-field">
          <label for="import-file">{t('import.file')}</label>
          <input
            id="import-file"
            ref={file}
            type="file"
            accept=".toml,.json,.csv,.gz"
            aria-invalid={fault ? true : undefined}
            aria-describedby={fault ? 'import-file-fault' : undefined}
            onChange={anew}
          />
          <FieldFault id="import-file" fault={fault} />
        </div>
        <Problem of={looks.problem ?? acts.problem} />
        <div class="row">
          <Submit busy={looks.busy}>{t('import.check')}</Submit>
        </div>
      </form>
      {would && <Outlook of={would} busy={acts.busy} onGo={go} />}
      {done && (
        <Mark tone="good" icon="check">
          {t('import.done', { added: done.added.length, changed: done.changed.length })}
        </Mark>
      )}
      <div class="row dialog-end">
        <Button onClick={onClose}>{t('app.close')}</Button>
      </div>
    </Dialog>
  );
}

/** It stands open, whatever becomes of the button: what is imported may take its place. */
const open = signal(false);

export function closeImport(): void {
  open.value = false;
}

/** Stands where seats are found to be short, and where there is nothing yet. */
export const ImportButton = () => (
  <div class="row">
    <Button
      icon="plus"
      onClick={() => {
        open.value = true;
      }}
    >
      {t('import.open')}
    </Button>
  </div>
);

export const Import = () => (open.value ? <ImportDialog onClose={closeImport} /> : null);
