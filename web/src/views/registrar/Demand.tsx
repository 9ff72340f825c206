// What plans ask of each section: where seats will be short, while there is time to add some.
import { useState } from 'preact/hooks';
import { named, t } from '../../i18n';
import { number } from '../../i18n/format';
import { demand, PAGE } from '../../store/registrar';
import { Empty, Mark } from '../../ui/basics';
import { kindName } from '../../ui/words';
import type { DemandSection } from '../../wire/DemandSection';
import { ImportButton } from './Import';
import { DEMAND_SORTS, type DemandSort, matches, paged, sorted } from './model/sections';
import { type Column, ConsoleTable } from './parts/ConsoleTable';
import { Choose, Field } from './parts/Field';
import { Figure } from './parts/Figure';
import { Part } from './parts/Freshness';
import { Paging } from './parts/Paging';
import { Change } from './Sections';

const Short = ({ section: s }: { section: DemandSection }) =>
  s.shortage > 0 ? (
    <Mark tone="bad" icon="warn">
      {t('demand.short', { n: s.shortage })}
    </Mark>
  ) : (
    <Mark tone="good" icon="check">
      {t('demand.enough')}
    </Mark>
  );

const Row = ({ section: s }: { section: DemandSection }) => (
  <tr data-section={s.section}>
    <th scope="row">
      <span class="row-key">{s.section}</span>
      <span class="meta row-name">
        {named(s.name)} · {kindName(s.kind)}
      </span>
      <span class="narrow-cell meta">
        {t('demand.narrow', {
          first: s.first_choices,
          all: s.all_choices,
          capacity: s.capacity === null ? t('section.unlimited') : number(s.capacity),
        })}
      </span>
    </th>
    <td class="wide-cell figures">{number(s.first_choices)}</td>
    <td class="wide-cell figures">{number(s.all_choices)}</td>
    <td class="wide-cell figures">
      {s.capacity === null ? t('section.unlimited') : number(s.capacity)}
    </td>
    <td>
      <Short section={s} />
      <span class="narrow-cell">
        <Change section={s.section} />
      </span>
    </td>
    <td class="row-act wide-cell">
      <Change section={s.section} />
    </td>
  </tr>
);

const columns = (): Column[] => [
  { name: t('section.section') },
  { name: t('demand.first'), wide: true, figures: true },
  { name: t('demand.all'), wide: true, figures: true },
  { name: t('demand.capacity'), wide: true, figures: true },
  { name: t('demand.shortage') },
  { name: t('section.change'), wide: true, hidden: true },
];

const Table = ({ list }: { list: DemandSection[] }) => (
  <ConsoleTable kind="demand-table" caption={t('demand.title')} columns={columns()}>
    {list.map((s) => (
      <Row key={s.section} section={s} />
    ))}
  </ConsoleTable>
);

function List({ all }: { all: DemandSection[] }) {
  const [by, setBy] = useState<DemandSort>('shortage');
  const [q, setQ] = useState('');
  const [page, setPage] = useState(1);
  const found = sorted(
    all.filter((s) => matches(s, q)),
    by,
  );
  const shown = paged(found, page, PAGE);
  return (
    <>
      <search class="list-tools">
        <Field
          id="demand-find"
          label={t('section.find')}
          value={q}
          onInput={(to) => {
            setQ(to);
            setPage(1);
          }}
        />
        <Choose<DemandSort>
          id="demand-sort"
          label={t('list.sort')}
          value={by}
          options={DEMAND_SORTS.map((s) => [s, t(`sort.${s}`)] as const)}
          onChange={setBy}
        />
      </search>
      {found.length ? (
        <Table list={shown.items} />
      ) : (
        <Empty icon="plan" title={q ? t('section.noneFound') : t('demand.none')}>
          {q ? t('section.noneFoundHow') : t('demand.noneHow')}
        </Empty>
      )}
      <Paging total={found.length} page={shown.page} size={PAGE} onPage={setPage} />
    </>
  );
}

export const DemandList = () => (
  <section aria-labelledby="demand">
    <h2 id="demand">{t('demand.title')}</h2>
    <p class="quiet">{t('demand.how')}</p>
    <ImportButton />
    <Part of={demand}>
      {(d) => (
        <>
          <dl class="figures-row">
            <Figure name={t('demand.plans')}>{number(d.students_with_plan)}</Figure>
            <Figure name={t('window.armed')}>{number(d.armed)}</Figure>
            <Figure name={t('demand.shortSections')}>
              {number(d.sections.filter((s) => s.shortage > 0).length)}
            </Figure>
          </dl>
          <List all={d.sections} />
        </>
      )}
    </Part>
  </section>
);
