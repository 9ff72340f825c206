// Where she is: a path, changed by the History API.
import { signal } from '@preact/signals';

export const path = signal(location.pathname);

export function go(to: string): void {
  if (to === path.value) return;
  history.pushState(null, '', to);
  path.value = location.pathname;
  scrollTo(0, 0);
}

addEventListener('popstate', () => {
  path.value = location.pathname;
});

/** A plain click on a link inside the page stays inside it. */
export function follow(e: MouseEvent): void {
  const link = (e.target as Element).closest?.('a[href^="/"]');
  const plain = e.button === 0 && !(e.metaKey || e.ctrlKey || e.shiftKey || e.altKey);
  if (!link || !plain || link.hasAttribute('download') || e.defaultPrevented) return;
  e.preventDefault();
  go(link.getAttribute('href') ?? '/');
}
