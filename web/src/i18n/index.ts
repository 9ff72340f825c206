// The reader's language, and its texts, read when they are first needed. Keys and their parameters
// are typed.
import { signal } from '@preact/signals';
import type { TextView } from '../wire/TextView';
import type { nl } from './nl';

export type Lang = 'nl' | 'en';
export type Key = keyof typeof nl;
/** A text, or its forms by number. */
export type Text = string | { readonly one: string; readonly other: string };
export type Texts = {
  readonly [K in Key]: (typeof nl)[K] extends string ? string : Exclude<Text, string>;
};

/** The names between braces. */
type Names<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type Source<K extends Key> = (typeof nl)[K] extends { other: infer O } ? O : (typeof nl)[K];
export type Params<K extends Key> = Record<Names<Source<K>>, string | number>;

const read: Record<Lang, () => Promise<Texts>> = {
  nl: async () => (await import('./nl')).nl,
  en: async () => (await import('./en')).en,
};
const texts: Partial<Record<Lang, Texts>> = {};
const STORED = 'sluis.lang';

function first(): Lang {
  const stored = localStorage.getItem(STORED);
  if (stored === 'nl' || stored === 'en') return stored;
  return navigator.languages.some((l) => l.startsWith('nl')) ? 'nl' : 'en';
}

export const lang = signal<Lang>(first());

/** Reads the texts of a language; `false` when they cannot be had now. */
export async function loadTexts(of: Lang = lang.value): Promise<boolean> {
  try {
    texts[of] ??= await read[of]();
    return true;
  } catch {
    return false;
  }
}

/** Speaks this from now on, as soon as it can. */
export async function setLang(to: Lang): Promise<boolean> {
  if (!(await loadTexts(to))) return false;
  lang.value = to;
  localStorage.setItem(STORED, to);
  return true;
}

/** Another tab of this browser chose a language. */
export const followTabs = (): void =>
  addEventListener('storage', (e) => {
    if (e.key !== STORED || e.newValue === lang.value) return;
    if (e.newValue === 'nl' || e.newValue === 'en') void setLang(e.newValue);
  });

export const tag = (): string => (lang.value === 'nl' ? 'nl-NL' : 'en-GB');

/** The texts in force: those of the language are read before anything is drawn. */
const current = (): Texts => texts[lang.value] as Texts;

/** The text in the reader's language. A text by number chooses its form by `n`. */
export function t<K extends Key>(
  key: K,
  ...[params]: Names<Source<K>> extends never ? [] : [Params<K>]
): string {
  const given = (params ?? {}) as Record<string, string | number>;
  const text: Text = current()[key];
  const form =
    typeof text === 'string'
      ? text
      : text[new Intl.PluralRules(tag()).select(Number(given.n)) === 'one' ? 'one' : 'other'];
  return form.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = given[name];
    return typeof value === 'number' ? new Intl.NumberFormat(tag()).format(value) : `${value}`;
  });
}

/** A key made of a part that the wire gives, if there is such a text. */
export const keyOf = (key: string): Key | undefined =>
  key in current() ? (key as Key) : undefined;

/** A text that cannot be typed because the wire chose its key. */
export const tAny = (key: Key, params: Record<string, string | number>): string =>
  (t as (k: Key, p: Record<string, string | number>) => string)(key, params);

/** A name of the catalogue in the reader's language. */
export const named = (text: TextView): string => text[lang.value] || text.en || text.nl;
