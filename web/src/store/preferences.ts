// What she prefers: kept by the gateway, the same on every device.
import { effect } from '@preact/signals';
import { type Lang, lang, setLang } from '../i18n';
import type { PreferencesView } from '../wire/PreferencesView';
import { api, Failed } from './api';
import { failed } from './failed';
import { doubt, me, preferences, state } from './store';

const put = (value: PreferencesView | null): void => {
  state.value = { ...state.value, preferences: value };
};

export async function loadPreferences(): Promise<void> {
  try {
    put(await api<PreferencesView>('/api/preferences'));
  } catch (e) {
    if (!(e instanceof Failed)) throw e; // without them the page is as the browser has it
  }
}

/** Shown at once, and taken back when it could not be saved. */
export async function prefer(change: Partial<PreferencesView>): Promise<void> {
  const before = preferences.value;
  if (!before) return;
  const wanted = { ...before, ...change };
  put(wanted);
  try {
    put(await api<PreferencesView>('/api/preferences', wanted, 'PUT'));
  } catch (e) {
    put(before);
    if (failed(e)) doubt();
  }
}

/** The language of this page, and of her other devices when she is signed in. */
export async function preferLanguage(to: Lang): Promise<void> {
  if (!(await setLang(to))) return;
  if (me.value?.role === 'student') await prefer({ language: to });
}

/** What another device chose holds here too. */
export const followLanguage = (): void => {
  effect(() => {
    const to = preferences.value?.language;
    if ((to === 'nl' || to === 'en') && to !== lang.peek()) void setLang(to);
  });
};
