// What a file changes, in the reader's words: the gateway names things as `kind key`. Pure.
import { keyOf, t, tAny } from '../../../i18n';

const SEATS = /^(.+): capacity (\d+|unlimited) to (\d+|unlimited)$/;

const seats = (text: string): string | number =>
  text === 'unlimited' ? t('import.unlimited') : Number(text);

export function thing(text: string): string {
  const [, outer, before, after] = SEATS.exec(text) ?? [];
  if (outer && before && after) {
    return t('import.seats', { what: thing(outer), before: seats(before), after: seats(after) });
  }
  const space = text.indexOf(' ');
  const known = keyOf(`import.kind.${text.slice(0, space)}`);
  return known ? tAny(known, { key: text.slice(space + 1) }) : text;
}

/** A fault of a file: its line, where it has one, and what is wrong, without the file's name. */
export function faultParts(text: string): { line: number | null; what: string } {
  const [, line, what] = /^[^\n]*?:(\d+): (.+)$/s.exec(text) ?? [];
  return line && what ? { line: Number(line), what } : { line: null, what: text };
}
