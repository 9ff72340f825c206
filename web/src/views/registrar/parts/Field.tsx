// A field of a form: its label, what it wants, and what is wrong with it, in place.
import { t, tAny } from '../../../i18n';
import { Icon } from '../../../ui/Icon';
import type { Fault } from '../model/check';

export const faultText = (f: Fault): string => tAny(f.key, f.params ?? {});

/** What is wrong with a field, read with it. */
export const FieldFault = ({ id, fault }: { id: string; fault: Fault | null | undefined }) => (
  <span class="field-fault" id={`${id}-fault`} role={fault ? 'alert' : undefined}>
    {fault && (
      <>
        <Icon name="warn" />
        {faultText(fault)}
      </>
    )}
  </span>
);

interface FieldProps {
  id: string;
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: string | undefined;
  fault?: Fault | null | undefined;
  type?: 'text' | 'datetime-local';
  inputMode?: 'numeric' | 'text';
  /** Several lines of text. */
  lines?: number;
  lang?: string;
  disabled?: boolean;
}

/** Said of a field by its hint and its fault. */
const described = (p: FieldProps): string | undefined =>
  [p.hint && `${p.id}-hint`, p.fault && `${p.id}-fault`].filter(Boolean).join(' ') || undefined;

export function Field(props: FieldProps) {
  const { id, label, value, onInput, hint, fault, type = 'text', inputMode, lines, lang } = props;
  const common = {
    id,
    value,
    lang,
    autocomplete: 'off' as const,
    'aria-invalid': fault ? true : undefined,
    'aria-describedby': described(props),
    disabled: props.disabled,
  };
  return (
    <div class="form-field">
      <label for={id}>{label}</label>
      {hint && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {lines ? (
        <textarea {...common} rows={lines} onInput={(e) => onInput(e.currentTarget.value)} />
      ) : type === 'text' ? (
        <input
          {...common}
          type="text"
          inputMode={inputMode}
          onInput={(e) => onInput(e.currentTarget.value)}
        />
      ) : (
        <input
          {...common}
          type="datetime-local"
          step={1}
          onInput={(e) => onInput(e.currentTarget.value)}
        />
      )}
      <FieldFault id={id} fault={fault} />
    </div>
  );
}

/** The reason, which the audit log keeps. */
export const ReasonField = (props: {
  id?: string;
  value: string;
  onInput: (value: string) => void;
  needed: boolean;
  fault?: Fault | null | undefined;
}) => (
  <Field
    id={props.id ?? 'reason'}
    label={props.needed ? t('form.reason') : t('form.reasonFree')}
    hint={t('form.reasonHint')}
    value={props.value}
    onInput={props.onInput}
    fault={props.fault}
  />
);

export function Choose<T extends string>(props: {
  id: string;
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
  fault?: Fault | null | undefined;
}) {
  const { id, fault } = props;
  return (
    <div class="form-field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        value={props.value}
        aria-invalid={fault ? true : undefined}
        aria-describedby={fault ? `${id}-fault` : undefined}
        onChange={(e) => props.onChange(e.currentTarget.value as T)}
      >
        {props.options.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      <FieldFault id={id} fault={fault} />
    </div>
  );
}
