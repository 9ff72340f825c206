// The page's own message files, so that no text is written twice.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const web = new URL('../../../web/', import.meta.url);
const require = createRequire(new URL('package.json', web));
const { transformWithOxc } = await import(require.resolve('vite'));

async function read(lang) {
  const all = {};
  for (const part of ['', '-views', '-registrar', '-file-registrar', '-import', '-university']) {
    const name = lang + part;
    const file = new URL(`src/i18n/${name}.ts`, web).pathname;
    const { code } = await transformWithOxc(await readFile(file, 'utf8'), file);
    const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    for (const texts of Object.values(module)) Object.assign(all, texts);
  }
  return all;
}

const texts = { nl: await read('nl'), en: await read('en') };
const tags = { nl: 'nl-NL', en: 'en-GB' };

/** The texts of a language as a function, as the page has it. */
export const textsOf =
  (lang) =>
  (key, params = {}) => {
    const text = texts[lang][key];
    if (text === undefined) throw new Error(`there is no text ${key}`);
    const plural = (n) => new Intl.PluralRules(tags[lang]).select(n);
    const form = typeof text === 'string' ? text : text[plural(Number(params.n))];
    return form.replace(/\{(\w+)\}/g, (_, name) => {
      const value = params[name];
      return typeof value === 'number'
        ? new Intl.NumberFormat(tags[lang]).format(value)
        : `${value}`;
    });
  };

/** A text with holes as a pattern: each hole is anything. */
export function patternOf(lang, key) {
  const text = texts[lang][key];
  const forms = typeof text === 'string' ? [text] : Object.values(text);
  const escaped = forms.map((f) => f.replace(/[.*+?^$()|[\]\\]/g, '\\$&'));
  return new RegExp(escaped.map((f) => f.replace(/\{\w+\}/g, '.+')).join('|'));
}
