// What a key is called, where that is known.
import { named } from '../../../i18n';
import { windows } from '../../../store/store';

/** A window's name; its key while it is not known. */
export function windowName(key: string): string {
  const found = windows.value.find((w) => w.key === key);
  return found ? named(found.name) : key;
}
