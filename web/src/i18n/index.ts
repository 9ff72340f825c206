// The reader's language, and its texts, read when they are first needed. Keys and their parameters
// are typed.
import { signal } from '@preact/signals';
import type { TextView } from '../wire/TextView';
import type { nl } from './nl';
import type { nlFileRegistrar } from './nl-file-registrar';
import type { nlImport } from './nl-import';
import type { nlRegistrar } from './nl-registrar';
import type { nlUniversity } from './nl-university';
import type { nlViews } from './nl-views';

export type Lang = 'nl' | 'en';
type Dutch = typeof nl &
  typeof nlViews &
  typeof nlRegistrar &
  typeof nlFileRegistrar &
  typeof nlImport &
  typeof nlUniversity;
export type Key = keyof Dutch;
/** A text, or its forms by number. */
export type Text = string | { readonly one: string; readonly other: string };
type Same<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : Exclude<Text, string>;
};
/** Texts of the frame, of the study map, and of what happens anywhere. */
export type Texts = Same<typeof nl>;
/** Texts of views that are read when they are needed. */
export type ViewTexts = Same<typeof nlViews>;
/** Texts of the registrar's console. */
export type RegistrarTexts = Same<typeof nlRegistrar>;
export type FileRegistrarTexts = Same<typeof nlFileRegistrar>;
export type ImportTexts = Same<typeof nlImport>;
/** Texts of signing in with the university account. */
export type UniversityTexts = Same<typeof nlUniversity>;

/** The names between braces. */
type Names<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type Source<K extends Key> = Dutch[K] extends { other: infer O } ? O : Dutch[K];
export type Params<K extends Key> = Record<Names<Source<K>>, string | number>;

const read = {
  nl: async (): Promise<Texts> => (await import('./nl')).nl,
  en: async (): Promise<Texts> => (await import('./en')).en,
};
const readViews = {
  nl: async (): Promise<ViewTexts> => (await import('./nl-views')).nlViews,
  en: async (): Promise<ViewTexts> => (await import('./en-views')).enViews,
};
type More = { [L in Lang]: () => Promise<Partial<Record<Key, Text>>> };
const texts: Record<Lang, Partial<Record<Key, Text>>> = { nl: {}, en: {} };
const loaded = new Set<string>();
const STORED = 'sluis.lang';

function first(): Lang {
  const stored = localStorage.getItem(STORED);
  if (stored === 'nl' || stored === 'en') return stored;
  return navigator.languages.some((l) => l.startsWith('nl')) ? 'nl' : 'en';
}

export const lang = signal<Lang>(first());

async function have(name: string, of: Lang, read: () => Promise<Partial<Record<Key, Text>>>) {
  if (loaded.has(name)) return;
  Object.assign(texts[of], await read());
  loaded.add(name);
}

/** Texts beside the first, by name: those in use are read in the next language too. */
const more: Record<string, More> = { views: readViews };
const haveMore = (of: Lang) =>
  Promise.all(Object.entries(more).map(([name, by]) => have(`${of}-${name}`, of, by[of])));

/** Reads the first texts of a language; `false` when they cannot be had now. */
export async function loadTexts(of: Lang = lang.value): Promise<boolean> {
  try {
    await have(of, of, read[of]);
    return true;
  } catch {
    return false;
  }
}

/** Reads the texts of the other views. */
export const loadViewTexts = (): Promise<unknown> => haveMore(lang.value);

/** Reads texts that only some people need, now and whenever the language changes. */
export function loadMoreTexts(name: string, by: More): Promise<unknown> {
  more[name] = by;
  return haveMore(lang.value);
}

/** Speaks this from now on, as soon as it can. */
export async function setLang(to: Lang): Promise<boolean> {
  try {
    await Promise.all([have(to, to, read[to]), haveMore(to)]);
  } catch {
    return false;
  }
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

/** Made once for each language: making one takes longer than all that it will ever format. */
export function perTag<T>(make: (tag: string) => T): () => T {
  const made: Record<string, T> = {};
  return () => {
    made[tag()] ??= make(tag());
    return made[tag()] as T;
  };
}
const numbers = perTag((of) => new Intl.NumberFormat(of));
const plurals = perTag((of) => new Intl.PluralRules(of));

/** The texts in force: those of the language are read before anything is drawn. */
const current = (): Partial<Record<Key, Text>> => texts[lang.value];

/** The text in the reader's language. A text by number chooses its form by `n`. */
export function t<K extends Key>(
  key: K,
  ...[params]: Names<Source<K>> extends never ? [] : [Params<K>]
): string {
  const given = (params ?? {}) as Record<string, string | number>;
  const text: Text = current()[key] ?? key;
  const form =
    typeof text === 'string'
      ? text
      : text[plurals().select(Number(given.n)) === 'one' ? 'one' : 'other'];
  return form.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = given[name];
    return typeof value === 'number' ? numbers().format(value) : `${value}`;
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
