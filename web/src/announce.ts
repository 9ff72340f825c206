// What is said aloud of what happens: outcomes at once, a position every 25 s or at a milestone.
import { t } from './i18n';
import type { News } from './store/state';
import { serverNow, windows } from './store/store';
import { say } from './ui/live';
import { messageText } from './ui/messages';
import { courseName, outcomeWords } from './ui/words';

const POSITION_MS = 25_000;
const NEAR = 10;
const TOLD =
  /^(promoted|passed_over|section_|capacity_|ticket_|result|registrar_|blocked|unblocked)/;

let spoken = { at: 0, position: Number.POSITIVE_INFINITY };

export function sayPosition(position: number, of: number, now = Date.now()): void {
  const near = position <= NEAR && spoken.position > NEAR;
  const milestone = position <= spoken.position / 2 || near;
  const since = now - spoken.at;
  if (!milestone && (since < POSITION_MS || position === spoken.position)) return;
  if (since < 5000 && !near) return;
  spoken = { at: now, position };
  say(`${t('say.place', { n: position, of })}${position <= NEAR ? ` ${t('say.next')}` : ''}`);
}

function words(n: News): string | null {
  switch (n.kind) {
    case 'outcome':
      spoken = { at: 0, position: Number.POSITIVE_INFINITY };
      return outcomeWords(n.outcome);
    case 'window':
      if (n.window.state !== 'open') return null;
      return n.window.paused ? t('say.paused') : t('say.open');
    case 'message':
      return TOLD.test(n.message.kind) ? messageText(n.message) : null;
    case 'announcement':
      return null; // its own region says it
    case 'rank':
      return `${courseName(n.entry.course)}: ${t('outcome.waitlisted')}, ${t('outcome.rank', { n: n.entry.rank })}.`;
  }
}

export function sayNews(news: News[]): void {
  const said = news.flatMap((n) => words(n) ?? []);
  if (said.length) say(said.join(' '));
}

const said = new Set<string>();
const MARKS_MS = [300_000, 60_000, 10_000];

/** The countdown is said at 5 minutes, 1 minute and 10 seconds. */
export function sayCountdown(): void {
  for (const w of windows.value) {
    if (w.state !== 'planned' || !w.opens_at) continue;
    const left = w.opens_at - serverNow.value;
    for (const ms of MARKS_MS) {
      const key = `${w.key} ${w.opens_at} ${ms}`;
      if (left > ms || left <= ms - 3000 || said.has(key)) continue;
      said.add(key);
      say(ms < 60_000 ? t('say.seconds') : t('say.minutes', { n: ms / 60_000 }));
    }
  }
}
