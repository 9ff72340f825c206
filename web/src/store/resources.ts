// What views read over HTTP, each in one place.
import { computed } from '@preact/signals';
import type { CalendarAddress } from '../wire/CalendarAddress';
import type { CalendarView } from '../wire/CalendarView';
import type { Devices } from '../wire/Devices';
import type { Results } from '../wire/Results';
import type { TextView } from '../wire/TextView';
import type { Timetable } from '../wire/Timetable';
import { api } from './api';
import { resource } from './resource';

export const results = resource<Results>('/api/results');
export const timetable = resource<Timetable>('/api/timetable');
export const devices = resource<Devices>('/api/devices');
export const calendar = resource<CalendarView>('/api/calendar');

/** Codes of what she has passed. */
export const completed = computed(() => new Set(results.value.value?.completed ?? []));

/** Names of courses with a result; some are no longer in the catalogue. */
export const resultNames = computed(() => {
  const names = new Map<string, TextView>();
  for (const term of results.value.value?.terms ?? []) {
    for (const r of term.results) if (r.name) names.set(r.course, r.name);
  }
  return names;
});

/** A new address; one that there was holds no longer. */
export async function renewCalendar(): Promise<string> {
  const { path } = await api<CalendarAddress>('/api/calendar', {});
  await calendar.load();
  return path;
}

export async function revokeCalendar(): Promise<void> {
  await api('/api/calendar', undefined, 'DELETE');
  await calendar.load();
}

/** Signs one device out, or all of them. */
export async function signOutDevice(id?: string): Promise<void> {
  await api(id ? `/api/devices/${id}` : '/api/devices', undefined, 'DELETE');
  if (id) await devices.load();
}
