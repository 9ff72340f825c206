// Builds elements from data (never from markup) and brings a page to a new state in place, so that
// focus, scrolling and what is being typed stay where they are.

/** `h('button.primary', { act: ['add', code] }, 'Add')` */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(' ');
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'act') {
      node.dataset.act = value[0];
      if (value.length > 1) node.dataset.arg = JSON.stringify(value.slice(1));
    } else if (key === 'class') node.classList.add(...value.split(' ').filter(Boolean));
    else if (key === 'key') node.dataset.key = value;
    else if (key === 'checked') { node.checked = true; node.setAttribute('checked', ''); }
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat(9).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

const keyOf = (node) => node.dataset?.key;

/** Makes `old` like `next`; gives the node that stands there then. */
export function morph(old, next) {
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName || keyOf(old) !== keyOf(next)) {
    old.replaceWith(next);
    return next;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return old;
  }
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.nodeName === 'INPUT') {
    if (old.type === 'checkbox') old.checked = next.checked;
    else if (old !== document.activeElement) old.value = next.getAttribute('value') ?? '';
  }
  children(old, next);
  return old;
}

function children(old, next) {
  const keyed = new Map([...old.childNodes].filter(keyOf).map((n) => [keyOf(n), n]));
  let here = old.firstChild;
  for (const want of [...next.childNodes]) {
    const key = keyOf(want);
    let have = key ? keyed.get(key) : here;
    if (!key) while (have && keyOf(have)) have = have.nextSibling;
    if (!have) old.insertBefore(want, here);
    else {
      if (have !== here) old.insertBefore(have, here);
      have = morph(have, want);
      here = have.nextSibling;
    }
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
}
