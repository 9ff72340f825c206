// What has the focus may make way for what came of it: a button for "sent", a view for the next. A
// browser then starts at the top of the page again; here she reads on in the part where she was.

/** Parts of a page that can be read on from. */
const PARTS = 'li, section, dialog, main';

/** What had the focus last, and what it stood in, from the inside out. */
let stood: Element[] = [];

function left(): void {
  const [last] = stood;
  if (!last || last.isConnected || document.activeElement !== document.body) return;
  const part = stood.find((e) => e.isConnected && e.matches(PARTS));
  stood = [];
  if (!(part instanceof HTMLElement)) return;
  part.tabIndex = -1;
  part.focus({ preventScroll: true });
}

export function keepFocus(): void {
  document.addEventListener('focusin', (e) => {
    stood = [];
    for (let at = e.target as Element | null; at; at = at.parentElement) stood.push(at);
  });
  // A tap beside everything lets go of it.
  document.addEventListener('focusout', ({ target }) =>
    queueMicrotask(() => {
      if ((target as Element).isConnected && document.activeElement === document.body) stood = [];
    }),
  );
  new MutationObserver(left).observe(document.body, { childList: true, subtree: true });
}
