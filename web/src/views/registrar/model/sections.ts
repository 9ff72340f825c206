// Order and search of what is shown of sections, where the page has all of them. Pure.
import type { BoardSection } from '../../../wire/BoardSection';
import type { DemandSection } from '../../../wire/DemandSection';
import type { TextView } from '../../../wire/TextView';

export const DEMAND_SORTS = ['shortage', 'code', 'first_choices', 'all_choices'] as const;
export type DemandSort = (typeof DEMAND_SORTS)[number];

const byCode = (a: { section: string }, b: { section: string }): number =>
  a.section < b.section ? -1 : a.section > b.section ? 1 : 0;

/** Most first; equals in the order of their keys. */
export function sorted(list: DemandSection[], by: DemandSort): DemandSection[] {
  if (by === 'code') return [...list].sort(byCode);
  return [...list].sort((a, b) => b[by] - a[by] || byCode(a, b));
}

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Every word of the search stands in the key or in a name. */
export function matches(of: { section: string; name: TextView }, q: string): boolean {
  const text = plain(`${of.section} ${of.name.nl} ${of.name.en}`);
  return plain(q)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export interface Paged<T> {
  items: T[];
  page: number;
  pages: number;
  /** Of the first and the last item, from 1; 0 when there is none. */
  from: number;
  to: number;
}

/** One page of a list, from 1; a page that is no longer there is the last. */
export function paged<T>(list: T[], page: number, size: number): Paged<T> {
  const bounds = pageBounds(list.length, page, size);
  return { ...bounds, items: list.slice(Math.max(0, bounds.from - 1), bounds.to) };
}

export function pageBounds(total: number, page: number, size: number): Omit<Paged<never>, 'items'> {
  const pages = Math.max(1, Math.ceil(total / size));
  const at = Math.min(Math.max(1, page), pages);
  return { page: at, pages, from: total ? (at - 1) * size + 1 : 0, to: Math.min(total, at * size) };
}

/** How much of the seats is taken, from 0 to 1; without a bound nothing fills. */
export const filled = (s: { capacity: number | null; taken: number }): number => {
  if (s.capacity === null) return 0;
  return s.capacity === 0 ? Number(s.taken > 0) : Math.min(1, s.taken / s.capacity);
};

/** How full it is, in steps that are told in words beside the bar. */
export function fullness(s: BoardSection): 'over' | 'full' | 'tight' | 'room' {
  if (s.capacity === null) return 'room';
  if (s.taken > s.capacity) return 'over';
  if (s.taken === s.capacity) return 'full';
  return s.taken >= 0.9 * s.capacity ? 'tight' : 'room';
}
