// What a key is called, where that is known.
import { keyOf, named, tAny } from '../../../i18n';
import { windows } from '../../../store/store';

/** A window's name; its key while it is not known. */
export function windowName(key: string): string {
  const found = windows.value.find((w) => w.key === key);
  return found ? named(found.name) : key;
}

/** What stands in the way, in short; its key where there are no words for it. */
export const blockName = (reason: string): string => {
  const key = keyOf(`blocked.${reason}`);
  return key ? tAny(key, {}) : reason;
};
