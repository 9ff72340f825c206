// Every section, the hardest pressed first.
import { useEffect, useRef, useState } from 'preact/hooks';
import { named, t } from '../../i18n';
import { number } from '../../i18n/format';
import { board, opened, PAGE, page, query, SORTS, type Sort, sort } from '../../store/registrar';
import { Button, Empty, Mark } from '../../ui/basics';
import { kindName } from '../../ui/words';
import type { Board } from '../../wire/Board';
import type { BoardSection } from '../../wire/BoardSection';
import { percent, rate } from './model/format';
import { filled, fullness } from './model/sections';
import { type Column, ConsoleTable } from './parts/ConsoleTable';
import { Choose, Field } from './parts/Field';
import { Paging } from './parts/Paging';

const STATUS = {
  open: { tone: 'good', icon: 'check' },
  closed: { tone: 'wait', icon: 'minus' },
  cancelled: { tone: 'bad', icon: 'cross' },
} as const;

/** A section's status in words, with a sign. */
export const StatusMark = ({ status }: { status: string }) => {
  const known = status === 'open' || status === 'closed' || status === 'cancelled' ? status : null;
  if (!known) return <>{status}</>;
  return (
    <Mark tone={STATUS[known].tone} icon={STATUS[known].icon}>
      {t(`section.is.${known}`)}
    </Mark>
  );
};

/** How much is taken: a bar, and the same in figures. */
export const Fill = ({ section: s }: { section: BoardSection }) => (
  <div class="fill">
    <span class="figures">
      {s.capacity === null
        ? t('section.takenOpen', { taken: s.taken })
        : t('section.taken', { taken: s.taken, capacity: s.capacity })}
    </span>
    {s.capacity !== null && (
      <span class={`meter ${fullness(s)}`} aria-hidden="true">
        <span style={{ width: `${100 * filled(s)}%` }} />
      </span>
    )}
    {s.over_capacity > 0 && <span class="tag">{t('section.over', { n: s.over_capacity })}</span>}
  </div>
);

/** Opens a section; it stands in a column of its own where there is room for one. */
export const Change = ({ section }: { section: string }) => (
  <Button
    label={t('section.changeNamed', { section })}
    onClick={() => {
      opened.value = section;
    }}
  >
    {t('section.change')}
  </Button>
);

const pressure = (s: BoardSection): string =>
  s.pressure === null ? t('list.none') : percent(s.pressure);

/** What a narrow screen has no column for. */
const Narrow = ({ section: s }: { section: BoardSection }) => (
  <span class="narrow-cell meta">
    {t('section.narrow', {
      waitlisted: s.waitlisted,
      line: s.in_line,
      rate: rate(s.per_minute),
      pressure: pressure(s),
    })}
  </span>
);

function Row({ section: s }: { section: BoardSection }) {
  return (
    <tr data-section={s.section} class={s.status}>
      <th scope="row">
        <span class="row-key">{s.section}</span>
        <span class="meta row-name">
          {named(s.name)} · {kindName(s.kind)}
        </span>
        <Narrow section={s} />
      </th>
      <td>
        <Fill section={s} />
        <span class="narrow-cell">
          <StatusMark status={s.status} />
          <Change section={s.section} />
        </span>
      </td>
      <td class="wide-cell figures">{number(s.waitlisted)}</td>
      <td class="wide-cell figures">{number(s.in_line)}</td>
      <td class="wide-cell figures">{rate(s.per_minute)}</td>
      <td class="wide-cell figures">{pressure(s)}</td>
      <td class="wide-cell">
        <StatusMark status={s.status} />
      </td>
      <td class="row-act wide-cell">
        <Change section={s.section} />
      </td>
    </tr>
  );
}

const columns = (): Column[] => [
  { name: t('section.section') },
  { name: t('section.seats') },
  { name: t('section.waitlist'), wide: true, figures: true },
  { name: t('section.line'), wide: true, figures: true },
  { name: t('section.rate'), wide: true, figures: true },
  { name: t('section.pressure'), wide: true, figures: true },
  { name: t('section.status'), wide: true },
  { name: t('section.change'), wide: true, hidden: true },
];

const Table = ({ sections }: { sections: BoardSection[] }) => (
  <ConsoleTable kind="sections-table" caption={t('board.sections')} columns={columns()}>
    {sections.map((s) => (
      <Row key={s.section} section={s} />
    ))}
  </ConsoleTable>
);

const SEARCH_MS = 250;

/** What is typed is looked for a moment later. */
function Tools() {
  const [text, setText] = useState(query.value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const look = (q: string) => {
    setText(q);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      query.value = q.trim();
      page.value = 1;
      void board.load();
    }, SEARCH_MS);
  };
  return (
    <search class="list-tools">
      <Field id="find" label={t('section.find')} value={text} onInput={look} />
      <Choose<Sort>
        id="sort"
        label={t('list.sort')}
        value={sort.value}
        options={SORTS.map((s) => [s, t(`sort.${s}`)] as const)}
        onChange={(by) => {
          sort.value = by;
          page.value = 1;
          void board.load();
        }}
      />
    </search>
  );
}

export const Sections = ({ board: b }: { board: Board }) => (
  <section aria-labelledby="sections">
    <h2 id="sections">{t('board.sections')}</h2>
    <Tools />
    {b.sections.length ? (
      <Table sections={b.sections} />
    ) : (
      <Empty icon="plan" title={query.value ? t('section.noneFound') : t('section.none')}>
        {query.value ? t('section.noneFoundHow') : t('section.noneHow')}
      </Empty>
    )}
    <Paging
      total={b.total}
      page={page.value}
      size={PAGE}
      onPage={(to) => {
        page.value = to;
        void board.load();
      }}
    />
  </section>
);
