// An entry of the audit log in words, and which entries a search finds.
import { keyOf, tAny } from '../../../i18n';
import type { AuditEntry } from '../../../wire/AuditEntry';

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
] as const;

export const actionName = (action: string): string => {
  const key = keyOf(`action.${action}`);
  return key ? tAny(key, {}) : action;
};

export const subjectName = (e: AuditEntry): string => e.subject ?? '';

/** `30 → 80`, or what became of it where there was nothing before. */
export function change(e: AuditEntry): string {
  if (e.before === null && e.after === null) return '';
  if (e.before === null) return e.after ?? '';
  return `${e.before} → ${e.after ?? '–'}`;
}

/** Every word of the search stands somewhere in the entry. */
export function finds(e: AuditEntry, action: string, q: string): boolean {
  if (action && e.action !== action) return false;
  const text = [actionName(e.action), e.by, e.subject, e.before, e.after, e.reason, e.journal]
    .join(' ')
    .toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
