// What a screen reader is given: Chromium's own accessibility tree, past CSS and markup.
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';

/** Roles of what is used or found by its name. */
const NAMED = new Set([
  'button',
  'link',
  'textbox',
  'searchbox',
  'combobox',
  'checkbox',
  'radio',
  'progressbar',
  'progressIndicator',
  'dialog',
  'navigation',
  'region',
  'table',
  'timer',
  'image',
  'img',
]);
const LANDMARKS = new Set(['banner', 'navigation', 'main', 'contentinfo', 'dialog']);

/** The nodes that are not ignored, in reading order: role, name, level, what they say of themselves. */
export async function tree(page) {
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send('Accessibility.getFullAXTree');
  await devtools.detach();
  const by = new Map(nodes.map((n) => [n.nodeId, n]));
  const list = [];
  const walk = (node) => {
    const of = (name) => node.properties?.find((p) => p.name === name)?.value.value;
    if (!node.ignored) {
      list.push({
        role: node.role?.value,
        name: (node.name?.value ?? '').trim(),
        level: of('level'),
        live: of('live'),
        language: of('language'),
        pressed: of('pressed'),
        expanded: of('expanded'),
      });
    }
    for (const id of node.childIds ?? []) if (by.has(id)) walk(by.get(id));
  };
  walk(nodes[0]);
  return list;
}

export const landmarks = (nodes) => nodes.filter((n) => LANDMARKS.has(n.role)).map((n) => n.role);

export const headings = (nodes) =>
  nodes.filter((n) => n.role === 'heading').map((n) => `${n.level} ${n.name}`);

/** What holds for every view: landmarks once, one first heading, no level left out, a name for each
 * thing that is used. Gives the faults. */
export function faults(nodes) {
  const found = [];
  for (const role of ['banner', 'main', 'contentinfo']) {
    const n = nodes.filter((x) => x.role === role).length;
    if (n !== 1) found.push(`${n} landmarks are ${role}`);
  }
  const levels = nodes.filter((n) => n.role === 'heading');
  const firsts = levels.filter((n) => n.level === 1).length;
  if (levels[0]?.level !== 1 || firsts !== 1) found.push(`${firsts} headings of level 1`);
  for (const [i, { level, name }] of levels.entries()) {
    const before = levels[i - 1]?.level ?? 0;
    if (level > before + 1) found.push(`heading "${name}" is ${level} after ${before}`);
    if (!name) found.push(`a heading of level ${level} is empty`);
  }
  for (const { role, name } of nodes) {
    if (NAMED.has(role) && !name) found.push(`a ${role} has no name`);
  }
  return found;
}

const READ_MS_MAX = 15_000;

/** How many of these headings stand in it in this order. */
function inOrder(all, wanted) {
  let at = 0;
  for (const heading of all) if (heading === wanted[at]) at += 1;
  return at;
}

/** Checks a view, as soon as these headings stand in it in this order: what holds for all. */
export async function reads(page, name, wanted) {
  const deadline = Date.now() + READ_MS_MAX;
  for (;;) {
    const nodes = await tree(page);
    const all = headings(nodes);
    const at = inOrder(all, wanted);
    if (at === wanted.length) {
      assert.deepEqual(faults(nodes), [], name);
      return nodes;
    }
    const missing = `${name}: "${wanted[at]}" is not in ${JSON.stringify(all)}`;
    assert.ok(Date.now() < deadline, missing);
    await sleep(100);
  }
}
