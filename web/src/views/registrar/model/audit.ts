// An entry of the audit log in words, and which entries a search finds.
import { keyOf, t, tAny } from '../../../i18n';
import { stamp } from '../../../i18n/format';
import type { AuditEntry } from '../../../wire/AuditEntry';
import { windowName } from './names';

/** Every action, as src/domain/acts.rs names them. */
export const ACTIONS = [
  'window_open',
  'window_close',
  'window_pause',
  'window_resume',
  'window_schedule',
  'window_pace',
  'window_reset',
  'section_capacity',
  'section_status',
  'student_enrol',
  'student_drop',
  'student_move',
  'student_block',
  'student_unblock',
  'announcement',
  'import',
  'student_erase',
] as const;

export const actionName = (action: string): string => {
  const key = keyOf(`action.${action}`);
  return key ? tAny(key, {}) : action;
};

/** Who did it: a registrar by the name of her sign-in, or what did it by itself. */
export const authorName = (by: string): string => {
  const key = keyOf(`by.${by}`);
  return key ? tAny(key, {}) : by;
};

/** A window by its name; a section or a student by its key. */
export const subjectName = (e: AuditEntry): string =>
  e.action.startsWith('window_') ? windowName(e.subject ?? '') : (e.subject ?? '');

const TIMES = /^opens (.+), closes (.+)$/;

const when = (text: string): string => {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? t('brief.byHand') : stamp(ms);
};

const COUNT = /^(\d+) ([a-z]+)$/;

/** `1 courses, 3 sections`, of an import; any other text as it is. */
function counts(text: string): string {
  const words = text.split(', ').map((part) => {
    const [, n, of] = COUNT.exec(part) ?? [];
    const key = of && keyOf(`count.${of}`);
    return key ? tAny(key, { n: Number(n) }) : null;
  });
  return words.includes(null) ? text : words.join(', ');
}

/** A state, times or numbers of things in words; anything else as it is. */
function brief(text: string): string {
  const [, opens, closes] = TIMES.exec(text) ?? [];
  if (opens && closes) return t('brief.times', { opens: when(opens), closes: when(closes) });
  const key = keyOf(`brief.${text}`);
  return key ? tAny(key, {}) : counts(text);
}

/** `30 → 80`, or what became of it where there was nothing before. */
export function change(e: AuditEntry): string {
  if (e.before === null && e.after === null) return '';
  const after = e.after === null ? '–' : brief(e.after);
  return e.before === null ? after : `${brief(e.before)} → ${after}`;
}

/** Every word of the search stands somewhere in the entry. */
export function finds(e: AuditEntry, action: string, q: string): boolean {
  if (action && e.action !== action) return false;
  const text = [
    actionName(e.action),
    e.by,
    authorName(e.by),
    e.subject,
    subjectName(e),
    e.before,
    e.after,
    e.reason,
    e.journal,
  ]
    .join(' ')
    .toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
