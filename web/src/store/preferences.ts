// What she prefers: kept by the gateway, the same on every device.
import { effect } from '@preact/signals';
import { type Lang, lang, setLang } from '../i18n';
import type { PreferencesView } from '../wire/PreferencesView';
import { api, Failed } from './api';
import { failed } from './failed';
import { doubt, me, preferences, state } from './store';

type Wishes = Partial<PreferencesView>;

const put = (value: PreferencesView | null): void => {
  state.value = { ...state.value, preferences: value };
};

/** What she chose before what was kept had been read. */
let early: Wishes = {};

export async function loadPreferences(): Promise<void> {
  const who = me.value;
  let read: PreferencesView;
  try {
    read = await api<PreferencesView>('/api/preferences');
  } catch (e) {
    if (!(e instanceof Failed)) throw e; // without them the page is as the browser has it
    return;
  }
  const wishes = early;
  early = {};
  if (me.value !== who) return; // she has signed out meanwhile
  put({ ...read, ...wishes });
  if (Object.keys(wishes).length) await prefer(wishes);
}

let newest = 0;
let flying = 0;
/** As the gateway had them last. */
let settled: PreferencesView | null = null;

/** Shown at once, and taken back when it could not be saved. All of them are sent each time, so the
 * last that is sent carries what was chosen before it. */
export async function prefer(change: Wishes): Promise<void> {
  const before = preferences.value;
  if (!before) {
    early = { ...early, ...change };
    return;
  }
  if (!flying) settled = before;
  flying += 1;
  newest += 1;
  const mine = newest;
  const wanted = { ...before, ...change };
  put(wanted);
  try {
    settled = await api<PreferencesView>('/api/preferences', wanted, 'PUT');
  } catch (e) {
    if (failed(e)) doubt();
  } finally {
    flying -= 1;
  }
  if (mine === newest && preferences.value) put(settled);
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
