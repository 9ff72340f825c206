// A message in words.
import { keyOf, named, t, tAny } from '../i18n';
import { windows } from '../store/store';
import type { MessageView } from '../wire/MessageView';
import { courseName, gradeName, reasonText, sectionName, swapWords } from './words';

/** A result names its part and whether it was passed. */
function resultText(m: MessageView): string {
  const course = m.part ? `${courseName(m.course ?? '')} (${m.part})` : courseName(m.course ?? '');
  const words = { course, grade: gradeName(m.about ?? '') };
  const text =
    m.kind === 'result' ? t('message.result', words) : t('message.result_corrected', words);
  return `${text} ${m.passed ? t('results.passedSay') : t('results.failedSay')}`;
}

export function messageText(m: MessageView): string {
  if (/^result(_corrected)?$/.test(m.kind)) return resultText(m);
  const swapped = m.instead_of && m.course && swapWords({ ...m, course: m.course }, m.instead_of);
  if (swapped) return swapped;
  const known = windows.value.find((w) => w.key === m.window);
  const words = {
    course: m.course ? courseName(m.course) : '',
    window: known ? named(known.name) : (m.window ?? ''),
    reason: m.reason ? reasonText(m.reason, m.about) : '',
    gave: m.about ? courseName(m.about) : '',
    sections: (m.sections ?? []).map(sectionName).join(', '),
    code: m.about ?? '',
  };
  const inPlace = m.kind === 'promoted' && m.about && m.about !== m.course;
  const key = inPlace ? 'message.promotedFor' : keyOf(`message.${m.kind}`);
  const text = key ? tAny(key, words) : t('message.other', { kind: m.kind });
  return m.note ? `${text} ${t('message.note', { note: m.note })}` : text;
}
