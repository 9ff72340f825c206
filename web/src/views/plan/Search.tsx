// The prospectus: by code or words, with filters. The gateway knows all of them but one: what fits
// her week hangs on a plan that may not be saved yet, so that is looked at here, page after page.
import { effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { credits as creditsText } from '../../i18n/format';
import { courses, type Filters, noFilters, requirements, search } from '../../store/catalogue';
import { attempt } from '../../store/session';
import { connection, enrolments, plan, theLink } from '../../store/store';
import { Button, Checkbox, Loading } from '../../ui/basics';
import { fitsWeek, heldSlots, wishedSlots } from '../../ui/slots';
import type { Facets } from '../../wire/Facets';
import { CourseLine } from './CourseLine';

const TYPING_MS = 250;
const PAGE = 20;
/** Pages are larger where most of what is read is not shown. */
const SIFTED_PAGE = 100;

interface Results {
  codes: string[];
  total: number;
  page: number;
  facets: Facets;
  /** There is more to read. */
  more: boolean;
}

function Choice(props: {
  label: string;
  value: string;
  options: string[];
  name?: (option: string) => string;
  onChange: (to: string) => void;
}) {
  if (props.options.length < 2 && !props.value) return null;
  return (
    <label class="field">
      <span>{props.label}</span>
      <select value={props.value} onChange={(e) => props.onChange(e.currentTarget.value)}>
        <option value="">{t('plan.all')}</option>
        {props.options.map((o) => (
          <option key={o} value={o}>
            {props.name?.(o) ?? o}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The seats of what is on the screen are pushed, of what is read later too. */
function useWatch(found: string[] | undefined): void {
  useEffect(
    () =>
      effect(() => {
        const wanted = [...plan.value, ...(requirements.value ?? [])].map((r) => r.course);
        const sections = [...new Set([...wanted, ...(found ?? [])])]
          .flatMap((c) => courses.value.get(c)?.components ?? [])
          .flatMap((c) => c.sections.map((s) => s.key));
        if (connection.value.open) theLink()?.watch(new Set(sections));
      }),
    [found],
  );
}

function weekTaken() {
  const held = new Set(enrolments.value.map((e) => e.course));
  return [...heldSlots(enrolments.value), ...wishedSlots(plan.value, courses.value, held).slots];
}

/** Those of them that fit her week as it is now. */
function fitting(codes: string[]) {
  const week = weekTaken();
  return codes.flatMap((c) => {
    const course = courses.value.get(c);
    return course && fitsWeek(course, week) ? [course] : [];
  });
}

/** Reads pages until there is something new to show, or no more. */
function useSearch(filters: Filters, fits: boolean) {
  const [results, setResults] = useState<Results | null>(null);
  const newest = useRef(0);
  const read = (from: Results | null) =>
    attempt(async () => {
      newest.current += 1;
      const mine = newest.current;
      const size = fits ? SIFTED_PAGE : PAGE;
      const wanted = fits ? fitting(from?.codes ?? []).length + PAGE : 0;
      let codes = from?.codes ?? [];
      let page = from?.page ?? 0;
      let more = true;
      do {
        page += 1;
        const found = await search(filters, page, size);
        if (mine !== newest.current) return; // she has typed on
        codes = [...codes, ...found.courses.map((c) => c.key)];
        more = page * size < found.total;
        setResults({ codes, total: found.total, page, facets: found.facets, more });
      } while (more && fits && fitting(codes).length < wanted);
    });
  useEffect(() => {
    const timer = setTimeout(() => void read(null), results ? TYPING_MS : 0);
    return () => clearTimeout(timer);
  }, [filters, fits]);
  return { results, more: () => void read(results) };
}

function Filtering(props: {
  filters: Filters;
  facets: Facets | undefined;
  set: (change: Partial<Filters>) => void;
  fits: boolean;
  setFits: (to: boolean) => void;
}) {
  const { filters, facets, set, fits, setFits } = props;
  const choice = (key: keyof Filters, label: string, options: string[] = []) => (
    <Choice
      label={label}
      value={filters[key]}
      options={options}
      onChange={(to) => set({ [key]: to })}
    />
  );
  return (
    <details class="filters">
      <summary>{t('plan.filters')}</summary>
      <div class="fields">
        {choice('faculty', t('plan.faculty'), facets?.faculties)}
        {choice('level', t('plan.level'), facets?.levels)}
        {choice('language', t('plan.language'), facets?.languages)}
        {choice('period', t('plan.period'), facets?.periods)}
        <Choice
          label={t('plan.creditsLabel')}
          value={filters.credits}
          options={(facets?.credits ?? []).map(String)}
          name={(n) => creditsText(Number(n))}
          onChange={(credits) => set({ credits })}
        />
      </div>
      <Checkbox
        checked={filters.available === 'true'}
        onChange={(on) => set({ available: on ? 'true' : '' })}
      >
        {t('plan.hasSeats')}
      </Checkbox>
      <Checkbox checked={fits} onChange={setFits}>
        {t('plan.fitsWeek')}
      </Checkbox>
    </details>
  );
}

function Found({ results, fits, more }: { results: Results; fits: boolean; more: () => void }) {
  const shown = fits
    ? fitting(results.codes)
    : results.codes.flatMap((c) => courses.value.get(c) ?? []);
  const read = { n: shown.length, of: results.codes.length };
  return (
    <>
      <p class="quiet" role="status">
        {results.total ? t('plan.found', { n: results.total }) : t('plan.nothing')}
        {fits &&
          results.total > 0 &&
          ` · ${results.more ? t('plan.fitSoFar', read) : t('plan.fit', { n: shown.length })}`}
      </p>
      <ul class="courses">
        {shown.map((course) => (
          <CourseLine key={course.key} course={course} />
        ))}
      </ul>
      {results.more && <Button onClick={more}>{t('plan.more')}</Button>}
    </>
  );
}

export function Search() {
  const [filters, setFilters] = useState<Filters>(noFilters);
  const [fits, setFits] = useState(false);
  // As it is typed: a space between two words is a word's end only when the next begins.
  const [typed, setTyped] = useState('');
  const set = (change: Partial<Filters>) => setFilters({ ...filters, ...change });
  const type = (text: string) => {
    setTyped(text);
    const q = text.trim();
    if (q !== filters.q) set({ q });
  };
  const { results, more } = useSearch(filters, fits);
  useWatch(results?.codes);
  return (
    <section aria-labelledby="search-title" class="search">
      <h2 id="search-title">{t('plan.search')}</h2>
      <form onSubmit={(e) => e.preventDefault()}>
        <label class="hidden" for="q">
          {t('plan.searchLabel')}
        </label>
        <input
          id="q"
          type="search"
          autocomplete="off"
          maxLength={100}
          placeholder={t('plan.searchLabel')}
          value={typed}
          onInput={(e) => type(e.currentTarget.value)}
        />
        <Filtering
          filters={filters}
          facets={results?.facets}
          set={set}
          fits={fits}
          setFits={setFits}
        />
      </form>
      {results ? <Found results={results} fits={fits} more={more} /> : <Loading />}
    </section>
  );
}
