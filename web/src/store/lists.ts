/** The list with this item in place of the one with the same key, or behind the others. */
export function put<T, K extends keyof T>(list: T[], key: K, item: T): T[] {
  const i = list.findIndex((x) => x[key] === item[key]);
  return i < 0 ? [...list, item] : list.with(i, item);
}

/** The list without what has this value. */
export const without = <T, K extends keyof T>(list: T[], key: K, value: T[K]): T[] =>
  list.filter((x) => x[key] !== value);

/** The record without this key. */
export function withoutKey<T>(record: Record<string, T>, key: string): Record<string, T> {
  const { [key]: _gone, ...rest } = record;
  return rest;
}

/** The list with one item somewhere else. */
export function moved<T>(list: T[], from: number, to: number): T[] {
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}
