// A plan edited here that the gateway does not take: what it does not know leaves the plan, and the
// rest of what she edited stays.
import { known } from '../model/choices';
import type { CourseView } from '../wire/CourseView';
import { api, Failed } from './api';
import { canonical } from './reducer';
import type { CourseRequest } from './state';
import { editPlan, setDraft, state } from './store';

/** The course as it is now; `null`: there is none; `undefined`: no answer. */
const now = (code: string): Promise<CourseView | null | undefined> =>
  api<CourseView>(`/api/catalogue/${encodeURIComponent(code)}`).catch((e) =>
    e instanceof Failed && (e.status === 404 || e.status === 422) ? null : undefined,
  );

export async function mendPlan(draft: CourseRequest[], code: string): Promise<void> {
  const courses = await Promise.all(draft.map((r) => now(r.course)));
  if (state.value.draft !== draft) return; // she has edited on: that is judged by itself
  const mended = draft.flatMap((r, i) => {
    const course = courses[i];
    return course === undefined ? [r] : known(r, course);
  });
  if (canonical(mended) !== canonical(draft)) editPlan(mended);
  else if (/^(plan_invalid|too_many)$/.test(code)) setDraft(null);
}
