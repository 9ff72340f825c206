// Seats left, live. Each is drawn again only when its own number changes.
import { useComputed } from '@preact/signals';
import { t } from '../i18n';
import { seats } from '../store/store';
import type { ChoiceDto } from '../wire/ChoiceDto';
import type { CourseView } from '../wire/CourseView';
import type { SectionView } from '../wire/SectionView';

/** `null`: unlimited; `undefined`: not told yet. */
type Left = number | null | undefined;

interface Quote {
  left: Left;
  status: string;
}

export function quote(section: SectionView): Quote {
  const live = seats.value[section.key];
  if (live) return { left: live.left, status: live.status };
  return { left: section.left, status: section.status ?? 'open' };
}

/** Seats left in the scarcest component of what she accepts. */
export function courseLeft(course: CourseView, choices?: ChoiceDto[]): Left {
  let scarce: Left = null;
  for (const [i, component] of course.components.entries()) {
    const choice = choices?.[i] ?? 'any';
    const accepted = component.sections.filter((s) => choice === 'any' || choice.includes(s.key));
    const open = accepted.map(quote).filter((q) => q.status === 'open');
    if (open.some((q) => q.left === undefined)) return undefined;
    if (open.some((q) => q.left === null)) continue;
    const sum = open.reduce((n, q) => n + (q.left ?? 0), 0);
    scarce = scarce === null ? sum : Math.min(scarce, sum);
  }
  return scarce;
}

/** Seats left, or why there are none to be had. */
export function seatWords({ left, status }: Quote): string {
  if (status === 'cancelled') return t('seats.cancelled');
  if (status !== 'open') return t('seats.closed');
  if (left === undefined) return '';
  if (left === null) return t('seats.unlimited');
  return left === 0 ? t('seats.full') : t('seats.left', { n: left });
}

const none = (q: Quote) => q.left === 0 || q.status !== 'open';

export function SectionSeats({ section }: { section: SectionView }) {
  const text = useComputed(() => seatWords(quote(section)));
  const gone = useComputed(() => none(quote(section)));
  return <span class={gone.value ? 'seats none' : 'seats'}>{text}</span>;
}

export function CourseSeats(props: { course: CourseView; choices?: ChoiceDto[] | undefined }) {
  const { course, choices } = props;
  const left = useComputed(() => courseLeft(course, choices)).value;
  const q = { left, status: 'open' };
  return <span class={none(q) ? 'seats none' : 'seats'}>{seatWords(q)}</span>;
}
