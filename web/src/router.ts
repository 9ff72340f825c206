// Where she is: a path, changed by the History API.
import { signal } from '@preact/signals';

export const path = signal(location.pathname);

/** What in the view is meant: the part of the address behind `#`. */
export const target = signal(about());

/** What this place is called, where its view says so itself. */
export const called = signal('');

function about(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ''; // a forged address
  }
}

function arrive(): void {
  path.value = location.pathname;
  target.value = about();
}

export function go(to: string): void {
  if (to === location.pathname + location.hash) return;
  history.pushState(null, '', to);
  arrive();
  scrollTo(0, 0);
}

addEventListener('popstate', arrive);

/** A plain click on a link inside the page stays inside it. */
export function follow(e: MouseEvent): void {
  const link = (e.target as Element).closest?.('a[href^="/"]');
  const plain = e.button === 0 && !(e.metaKey || e.ctrlKey || e.shiftKey || e.altKey);
  const leaves = link?.hasAttribute('download') || link?.getAttribute('rel') === 'external';
  if (!link || !plain || leaves || e.defaultPrevented) return;
  e.preventDefault();
  go(link.getAttribute('href') ?? '/');
}
