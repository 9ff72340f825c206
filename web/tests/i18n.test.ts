// Texts: both languages whole, none unused, and none written into a view.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'vite';
import { expect, test } from 'vitest';
import { en as enCore } from '../src/i18n/en';
import { enFileRegistrar } from '../src/i18n/en-file-registrar';
import { enImport } from '../src/i18n/en-import';
import { enRegistrar } from '../src/i18n/en-registrar';
import { enUniversity } from '../src/i18n/en-university';
import { enViews } from '../src/i18n/en-views';
import type { Text } from '../src/i18n/index';
import { nl as nlCore } from '../src/i18n/nl';
import { nlFileRegistrar } from '../src/i18n/nl-file-registrar';
import { nlImport } from '../src/i18n/nl-import';
import { nlRegistrar } from '../src/i18n/nl-registrar';
import { nlUniversity } from '../src/i18n/nl-university';
import { nlViews } from '../src/i18n/nl-views';

const nl = {
  ...nlCore,
  ...nlViews,
  ...nlRegistrar,
  ...nlFileRegistrar,
  ...nlImport,
  ...nlUniversity,
};
const en = {
  ...enCore,
  ...enViews,
  ...enRegistrar,
  ...enFileRegistrar,
  ...enImport,
  ...enUniversity,
};

type Node = { type: string; [key: string]: unknown };

const files = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });

const sources = files('src').filter((p) => /\.tsx?$/.test(p) && !/src\/(i18n|wire)\//.test(p));

function walk(node: unknown, visit: (n: Node) => void): void {
  if (Array.isArray(node)) for (const n of node) walk(n, visit);
  else if (node && typeof node === 'object') {
    if ('type' in node) visit(node as Node);
    for (const value of Object.values(node)) walk(value, visit);
  }
}

function each(path: string, text: string, visit: (n: Node) => void): void {
  const { program, errors } = parseSync(path, text);
  expect(errors, path).toEqual([]);
  walk(program, visit);
}

const names = (text: Text): string[] =>
  [...JSON.stringify(text).matchAll(/\{(\w+)\}/g)].map((m) => m[1] as string).sort();

test('both languages have the same keys, forms and names to fill in', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(nl).sort());
  for (const [key, text] of Object.entries<Text>(nl)) {
    const other = en[key as keyof typeof en] as Text;
    expect(typeof other, key).toBe(typeof text);
    expect([...new Set(names(other))], key).toEqual([...new Set(names(text))]);
  }
});

test('no text is unused, and none is asked for that is not there', () => {
  const literals = new Set<string>();
  const prefixes: string[] = [];
  for (const path of sources) {
    each(path, readFileSync(path, 'utf8'), (n) => {
      if (n.type === 'Literal' && typeof n.value === 'string') literals.add(n.value);
      if (n.type !== 'TemplateLiteral') return;
      const [first] = n.quasis as { value: { cooked: string } }[];
      if (first && /^[a-z]+\.([a-z]+\.)?$/i.test(first.value.cooked))
        prefixes.push(first.value.cooked);
    });
  }
  const used = (key: string) => literals.has(key) || prefixes.some((p) => key.startsWith(p));
  expect(Object.keys(nl).filter((key) => !used(key))).toEqual([]);
  const spaces = new Set(Object.keys(nl).map((key) => key.split('.')[0]));
  const asked = [...literals].filter((l) => /^[a-zA-Z]+\.[\w.]+$/.test(l));
  const missing = asked.filter((l) => spaces.has(l.split('.')[0]) && !(l in nl));
  expect(missing).toEqual([]);
});

/** Views whose texts are read with them. */
const LATER = /src\/views\/(opening|outcomes|timetable|results|messages|account|registrar)\//;

/** Of these sources none asks for a text that is not read with them. */
function doNotAsk(paths: string[], unread: object): void {
  for (const path of paths) {
    each(path, readFileSync(path, 'utf8'), (n) => {
      const [first] = (n.quasis ?? []) as { value: { cooked: string } }[];
      const start = n.type === 'Literal' ? n.value : first?.value.cooked;
      if (typeof start !== 'string' || !/^[a-z]+\./i.test(start)) return;
      const later = Object.keys(unread).filter((key) =>
        start.endsWith('.') ? key.startsWith(start) : key === start,
      );
      expect(later, path).toEqual([]);
    });
  }
}

test('what is drawn first needs the first texts alone, and a student none of the registrar', () => {
  const first = sources.filter((p) => !LATER.test(p));
  expect(first.length).toBeGreaterThan(30);
  const hers = { ...nlRegistrar, ...nlFileRegistrar, ...nlImport };
  doNotAsk(first, { ...nlViews, ...hers });
  const students = sources.filter((p) => !p.includes('views/registrar/'));
  const own = (p: string) => p.includes('views/signin/University');
  doNotAsk(students.filter(own), hers);
  const others = students.filter((p) => !own(p));
  doNotAsk(others, { ...hers, ...nlUniversity });
});

const SPOKEN = new Set(['aria-label', 'title', 'placeholder', 'alt', 'label']);
/** The name of the program and its signs. */
const ALLOWED = /^(Sluis)?$/;

function hardCoded(path: string, text: string): string[] {
  const found: string[] = [];
  const note = (value: unknown) => {
    const words = String(value).trim();
    if (/\p{L}{2}/u.test(words) && !ALLOWED.test(words)) found.push(words);
  };
  each(path, text, (n) => {
    if (n.type === 'JSXText') note(n.value);
    if (n.type !== 'JSXAttribute') return;
    const { name, value } = n as unknown as { name: { name: string }; value: Node | null };
    if (SPOKEN.has(name.name) && value?.type === 'Literal') note(value.value);
  });
  return found;
}

test('no view has words of its own', () => {
  expect(hardCoded('a.tsx', 'const a = <p title="Good day">Hello there {x}</p>;')).toEqual([
    'Good day',
    'Hello there',
  ]);
  const views = sources.filter((p) => p.endsWith('.tsx'));
  expect(views.length).toBeGreaterThan(15);
  for (const path of views) expect(hardCoded(path, readFileSync(path, 'utf8')), path).toEqual([]);
});

/** The values of an enumeration in the description of the protocol. */
function described(name: string): string[] {
  const text = readFileSync('../docs/asyncapi.yaml', 'utf8');
  const block = text.slice(text.indexOf(`\n    ${name}:\n`) + 1).split(/\n {4}\w/)[0] ?? '';
  return [...block.matchAll(/^ {8}- (\w+)$/gm)].map((m) => m[1] as string);
}

/** Said before an act is tried, by its status alone, or of what this page never sends: the title,
 * which the gateway gives in the reader's language, is enough. */
const TITLE_IS_ENOUGH = [
  ...['not_signed_in', 'token_invalid', 'token_expired', 'signed_out', 'sign_in_off'],
  ...['rate_limited', 'busy', 'stopping', 'not_ready'],
  ...['method_not_allowed', 'unsupported_media_type', 'real_data'],
  ...['unknown_device', 'unknown_calendar'],
];

test('there are words for every problem that the registrar can meet', () => {
  const table = readFileSync('../src/http/problem.rs', 'utf8');
  const codes = [...table.matchAll(/^ {4}[A-Z_]+: \d{3} "(\w+)"/gm)].map((m) => m[1] as string);
  expect(codes.length).toBeGreaterThan(40);
  const worded = (code: string) =>
    ['refusal', 'problem', 'error'].some((space) => `${space}.${code}` in nl);
  const without = [...new Set(codes)].filter((code) => !worded(code));
  expect(without.filter((code) => !TITLE_IS_ENOUGH.includes(code))).toEqual([]);
  expect(TITLE_IS_ENOUGH.filter((code) => !codes.includes(code))).toEqual([]);
});

/** What only another client can be told: this page makes no such message. */
const NOT_OURS = ['message_invalid', 'hello_first', 'hello_once', 'import_invalid'];

test('there are words for all that the gateway can say', () => {
  const reasons = described('Reason');
  const errors = described('ErrorCode').filter((code) => !NOT_OURS.includes(code));
  const about = readFileSync('src/wire/MessageView.ts', 'utf8');
  const kinds = [...about.matchAll(/`(\w+)`/g)].map((m) => m[1] as string);
  expect(reasons).toContain('full');
  expect(errors).toContain('plan_empty');
  expect(kinds).toContain('promoted');
  const known = new Set(Object.keys(nl));
  const wanted = [
    ...reasons.flatMap((r) => [`reason.${r}`, `solve.${r}`]),
    ...errors.map((e) => `error.${e}`),
    ...kinds.filter((k) => k !== 'up_to').map((k) => `message.${k}`),
  ];
  expect(wanted.filter((key) => !known.has(key))).toEqual([]);
});
