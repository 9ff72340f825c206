// Small shared parts.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { clockTime } from '../i18n/format';
import type { Resource } from '../store/resource';
import { connection } from '../store/store';
import { Icon, type IconName } from './Icon';

interface ButtonProps {
  id?: string;
  children: ComponentChildren;
  onClick: () => void;
  kind?: 'primary' | 'plain' | 'quiet';
  icon?: IconName;
  /** Where the words do not say what it is about. */
  label?: string;
  /** It keeps the focus, says so, and does nothing. */
  busy?: boolean;
  /** Something has to be chosen first: it keeps the focus too. */
  disabled?: boolean;
  pressed?: boolean;
  expanded?: boolean;
}

export function Button(props: ButtonProps) {
  const {
    id,
    children,
    onClick,
    kind = 'plain',
    icon,
    label,
    busy,
    disabled,
    pressed,
    expanded,
  } = props;
  return (
    <button
      type="button"
      id={id}
      class={`button ${kind}`}
      aria-label={label}
      aria-disabled={busy || disabled || undefined}
      aria-pressed={pressed}
      aria-expanded={expanded}
      onClick={() => !busy && !disabled && onClick()}
    >
      {icon && <Icon name={icon} />}
      {busy ? t('app.busy') : children}
    </button>
  );
}

/** A button that is only an icon: its name is read, and shown on pointing. */
export const IconButton = (props: { icon: IconName; label: string; onClick: () => void }) => (
  <button
    type="button"
    class="icon-button"
    aria-label={props.label}
    title={props.label}
    onClick={props.onClick}
  >
    <Icon name={props.icon} />
  </button>
);

export type Tone = 'good' | 'wait' | 'bad' | 'water' | 'quiet';

/** A state in words, with a shape beside the colour. */
export const Mark = (props: { tone: Tone; icon: IconName; children: ComponentChildren }) => (
  <p class={`mark ${props.tone}`}>
    <Icon name={props.icon} heavy />
    <span>{props.children}</span>
  </p>
);

export const Tag = ({ children }: { children: ComponentChildren }) => (
  <span class="tag">{children}</span>
);

/** What stands where there is nothing yet. */
export const Empty = (props: { icon: IconName; title: string; children?: ComponentChildren }) => (
  <div class="empty">
    <Icon name={props.icon} />
    <p class="empty-title">{props.title}</p>
    {props.children && <p>{props.children}</p>}
  </div>
);

/** What is read over HTTP: on its way, not to be had, or there, with its age where that matters. */
export function Fetched<T>(props: { of: Resource<T>; children: (value: T) => ComponentChildren }) {
  const { value, failed, at, load } = props.of;
  const { open } = connection.value;
  useEffect(() => {
    if (!value.peek() || failed.peek()) void load();
  }, [open]);
  const has = value.value;
  return (
    <>
      {failed.value && (
        <div class="stale">
          <Mark tone="wait" icon="warn">
            {has ? t('fetch.old', { time: clockTime(at.value) }) : t('fetch.failed')}
          </Mark>
          <Button onClick={() => void load()}>{t('app.again')}</Button>
        </div>
      )}
      {has !== null ? props.children(has) : !failed.value && <Loading />}
    </>
  );
}

export const Loading = () => <p class="quiet loading">{t('app.loading')}</p>;

export function Checkbox(props: {
  checked: boolean;
  onChange: (to: boolean) => void;
  children: ComponentChildren;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(e) => props.onChange(e.currentTarget.checked)}
      />
      <span>{props.children}</span>
    </label>
  );
}

/** Asks before something that cannot be undone, or for a choice. Closes with Escape. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  const gone = useRef(false);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      gone.current = true;
      dialog?.close(); // gives the focus back
    };
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby="dialog-title"
      // Told once more when it is gone, perhaps while another stands open.
      onClose={() => gone.current || props.onClose()}
    >
      <h2 id="dialog-title">{props.title}</h2>
      {props.children}
    </dialog>
  );
}

/** Asks whether to go on. */
export const Confirm = (props: {
  title: string;
  text: string;
  go: string;
  onGo: () => void;
  onClose: () => void;
}) => (
  <Dialog title={props.title} onClose={props.onClose}>
    <p>{props.text}</p>
    <div class="row">
      <Button
        kind="primary"
        onClick={() => {
          props.onClose();
          props.onGo();
        }}
      >
        {props.go}
      </Button>
      <Button onClick={props.onClose}>{t('app.cancel')}</Button>
    </div>
  </Dialog>
);
