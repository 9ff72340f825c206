// An act of the registrar: a form that keeps what was typed until it is done.
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { keyOf, t, tAny } from '../../../i18n';
import { Failed } from '../../../store/api';
import { Button, Dialog } from '../../../ui/basics';
import { Icon } from '../../../ui/Icon';
import { say } from '../../../ui/live';
import type { Done } from '../../../wire/Done';
import { type Fault, faultOf, reason } from '../model/check';
import { faultParts } from '../model/imported';
import { ReasonField } from './Field';

/** Why the gateway did not do it, in words. */
export function problemText(e: Failed): string {
  if (e.status === 0) return t('error.offline');
  if (e.status === 429 || e.status === 503) return t('form.busy');
  if (e.status === 504) return t('error.unconfirmed');
  // An act that the rules refuse, a problem of this console, or one that students meet too.
  const known =
    keyOf(`refusal.${e.code}`) ?? keyOf(`problem.${e.code}`) ?? keyOf(`error.${e.code}`);
  if (known) return tAny(known, {});
  // The title is in the reader's language; the advice behind it is not.
  return e.detail ?? t('error.other', { code: e.code });
}

/** What is wrong with a file, line by line, as the gateway has it. */
const Faults = ({ of }: { of: readonly string[] }) => (
  <div class="faults">
    <p>{t('problem.faults', { n: of.length })}</p>
    <ol>
      {of.map((text) => {
        const { line, what } = faultParts(text);
        return (
          <li key={text}>
            {line !== null && <strong>{t('problem.line', { n: line })}</strong>}{' '}
            <span lang="en">{what}</span>
          </li>
        );
      })}
    </ol>
  </div>
);

/** What the gateway said, above the buttons of the form. */
export const Problem = ({ of }: { of: Failed | null }) => (
  <div role="alert" class="problem">
    {of && (
      <p>
        <Icon name="warn" />
        <span>{problemText(of)}</span>
      </p>
    )}
    {of && of.faults.length > 0 && <Faults of={of.faults} />}
  </div>
);

/** Sends once; keeps what came of it. What changes nothing is not said to be done. */
export function useAct<T extends Done>(done: (d: T) => void, aloud = true) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Failed | null>(null);
  const going = useRef(false);
  const send = async (what: () => Promise<T>): Promise<void> => {
    if (going.current) return;
    going.current = true;
    setBusy(true);
    setProblem(null);
    try {
      const d = await what();
      if (aloud) say(d.journal === null ? t('form.nothing') : t('form.done'));
      done(d);
    } catch (e) {
      if (!(e instanceof Failed)) throw e;
      setProblem(e);
    } finally {
      going.current = false;
      setBusy(false);
    }
  };
  return { busy, problem, send, forget: () => setProblem(null) };
}

/** The first field that is wrong has the focus. */
export function focusFault(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
}

export const Submit = (props: {
  busy: boolean;
  notYet?: boolean | undefined;
  children: ComponentChildren;
}) => (
  <button
    type="submit"
    class="button primary"
    aria-disabled={props.busy || props.notYet || undefined}
  >
    {props.busy ? t('app.busy') : props.children}
  </button>
);

interface FormProps {
  /** What it does, what cannot be undone, and fields. */
  children?: ComponentChildren;
  go: string;
  needsReason?: boolean;
  /** Something that has to be shown first is on its way. */
  notYet?: boolean;
  reasonId?: string;
  /** What is to be sent; `null` when a field of the form is wrong. */
  send: (reason: string | null) => (() => Promise<Done>) | null;
  onDone: () => void;
  onCancel?: () => void;
}

/** Asks for an act, with its reason. Nothing is lost when it is refused. */
export function ActForm(props: FormProps) {
  const { needsReason = false, onCancel } = props;
  const form = useRef<HTMLFormElement>(null);
  const [text, setText] = useState('');
  const [fault, setFault] = useState<Fault | null>(null);
  const { busy, problem, send } = useAct(() => {
    setText('');
    props.onDone();
  });
  const submit = (e: Event) => {
    e.preventDefault();
    if (busy || props.notYet) return;
    const why = reason(text, needsReason);
    setFault(faultOf(why));
    // The fields above are checked too, so that all that is wrong is told at once.
    const what = props.send('value' in why ? why.value : null);
    focusFault(form.current);
    if ('value' in why && what) void send(what);
  };
  return (
    <form ref={form} class="form" onSubmit={submit} noValidate>
      {props.children}
      <ReasonField
        id={props.reasonId ?? 'reason'}
        value={text}
        onInput={setText}
        needed={needsReason}
        fault={fault}
      />
      <Problem of={problem} />
      <div class="row">
        <Submit busy={busy} notYet={props.notYet}>
          {props.go}
        </Submit>
        {onCancel && <Button onClick={onCancel}>{t('app.cancel')}</Button>}
      </div>
    </form>
  );
}

type ActProps = Omit<FormProps, 'onDone' | 'onCancel' | 'reasonId'> & {
  title: string;
  onClose: () => void;
};

export const ActDialog = ({ title, onClose, ...form }: ActProps) => (
  <Dialog title={title} onClose={onClose}>
    <ActForm {...form} onDone={onClose} onCancel={onClose} />
  </Dialog>
);
