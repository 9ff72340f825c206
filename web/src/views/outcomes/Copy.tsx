// A copy to keep: printed, or as a file. It says whose word decides.
import { useComputed } from '@preact/signals';
import { t } from '../../i18n';
import { stamp } from '../../i18n/format';
import { type Receipt, receiptText } from '../../model/receipt';
import { findSection } from '../../store/catalogue';
import { me, serverNow } from '../../store/store';
import { Button } from '../../ui/basics';
import { courseName, sectionName, when } from '../../ui/words';
import { outcomeText, standing } from './standing';

function receipt(code: string): Receipt {
  const stands = standing(code);
  const sections = (stands.seat?.sections ?? []).map((key) => {
    const section = findSection(key)?.section;
    return section ? `${sectionName(key)}, ${when(section)}` : sectionName(key);
  });
  return {
    course: courseName(code),
    code,
    outcome: outcomeText(stands),
    sections,
    decided: stands.at ? t('copy.decided', { time: stamp(stands.at) }) : '',
    number: stands.journal ? t('card.receipt', { n: `${stands.journal}` }) : '',
  };
}

const made = (at: number): string[] => [
  t('copy.student', { student: me.value?.student ?? '' }),
  t('copy.made', { time: stamp(at) }),
];

const SECOND_MS = 1000;

/** Above what is printed: made when it is printed, however long the page has stood. */
function Made() {
  const second = useComputed(() => Math.floor(serverNow.value / SECOND_MS) * SECOND_MS);
  return (
    <div class="print-only">
      {made(second.value).map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}

function download(codes: string[]): void {
  const heading = {
    title: `${t('app.name')} · ${t('outcomes.title')}`,
    lines: made(serverNow.peek()),
    footer: t('copy.final'),
  };
  const blob = new Blob([receiptText(heading, codes.map(receipt))], { type: 'text/plain' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${t('copy.file')}-${new Date().toISOString().slice(0, 10)}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export const Copy = ({ codes }: { codes: string[] }) => (
  <section class="copy" aria-labelledby="copy-title">
    <h2 id="copy-title" class="no-print">
      {t('copy.title')}
    </h2>
    <p class="no-print">{t('copy.what')}</p>
    <Made />
    <p class="copy-final">{t('copy.final')}</p>
    <p class="row no-print">
      <Button onClick={() => print()}>{t('copy.print')}</Button>
      <Button onClick={() => download(codes)}>{t('copy.download')}</Button>
    </p>
  </section>
);
