// Study results in the order in which they are read. Pure.
import type { ResultView } from '../wire/ResultView';

export interface ResultRow {
  key: string;
  result: ResultView;
  /** A part that stands under the result of its course. */
  under: boolean;
}

/** Each course and attempt, the whole before its parts; a part whose course has no result of that
 * attempt yet stands alone. */
export function resultRows(results: ResultView[]): ResultRow[] {
  const groups = new Map<string, ResultView[]>();
  for (const r of results) {
    const group = `${r.course} ${r.attempt}`;
    groups.set(group, [...(groups.get(group) ?? []), r]);
  }
  return [...groups].flatMap(([group, list]) => {
    const whole = list.filter((r) => r.component === null);
    const parts = list.filter((r) => r.component !== null);
    return [...whole, ...parts].map((result) => ({
      key: `${group} ${result.component ?? ''} ${result.date}`,
      result,
      under: whole.length > 0 && result.component !== null,
    }));
  });
}
