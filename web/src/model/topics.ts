// What a message is about. Pure.
import type { MessageView } from '../wire/MessageView';

/** As in what she prefers to be notified about. */
export const TOPICS = ['outcomes', 'waitlists', 'windows', 'sections', 'results'] as const;
export type Topic = (typeof TOPICS)[number];

export function topicOf(kind: string): Topic {
  if (/^(promoted|passed_over)$/.test(kind)) return 'waitlists';
  if (/^(window|ticket)_/.test(kind)) return 'windows';
  // What the registrar did to her own courses is an outcome, asked for or not.
  if (/^(section|capacity)_/.test(kind)) return 'sections';
  return /^result/.test(kind) ? 'results' : 'outcomes';
}

/** Where in this page it can be seen. */
export function linkOf(m: MessageView): string {
  const topic = topicOf(m.kind);
  if (topic === 'windows') return '/opening';
  const view = topic === 'results' ? '/results' : '/outcomes';
  return m.course ? `${view}#${encodeURIComponent(m.course)}` : view;
}
