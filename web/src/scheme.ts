// Light, dark, or as the system has it: chosen on this device, and kept on it.
import { signal } from '@preact/signals';

export const SCHEMES = ['system', 'light', 'dark'] as const;
export type Scheme = (typeof SCHEMES)[number];
const STORED = 'sluis.scheme';

/** What is stored, or what of it makes sense. */
export const schemeOf = (stored: string | null): Scheme =>
  SCHEMES.find((s) => s === stored) ?? 'system';

export const nextScheme = (now: Scheme): Scheme =>
  SCHEMES[(SCHEMES.indexOf(now) + 1) % SCHEMES.length] as Scheme;

export const scheme = signal<Scheme>('system');

function show(to: Scheme): void {
  scheme.value = to;
  // The style sheet does the rest: no inline style, which the security policy would refuse.
  if (to === 'system') delete document.documentElement.dataset.scheme;
  else document.documentElement.dataset.scheme = to;
}

export function setScheme(to: Scheme): void {
  localStorage.setItem(STORED, to);
  show(to);
}

/** As chosen here before, and as another tab of this browser chooses. */
export function followScheme(): void {
  show(schemeOf(localStorage.getItem(STORED)));
  addEventListener('storage', (e) => {
    if (e.key === STORED || e.key === null) show(schemeOf(localStorage.getItem(STORED)));
  });
}
