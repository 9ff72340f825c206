// The prospectus: by code or words, with filters. Seats and "fits my week" are looked at here,
// because they change while one looks.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { courses, type Filters, noFilters, requirements, search } from '../../store/catalogue';
import { attempt } from '../../store/session';
import { enrolments, plan, theLink } from '../../store/store';
import { Button, Checkbox, Loading } from '../../ui/basics';
import { courseLeft } from '../../ui/Seats';
import { fitsWeek, heldSlots, wishedSlots } from '../../ui/slots';
import type { Facets } from '../../wire/Facets';
import { CourseLine } from './CourseLine';

const TYPING_MS = 250;
const WATCHED_MAX = 240;

interface Results {
  codes: string[];
  total: number;
  page: number;
  facets: Facets;
}

function Choice(props: {
  label: string;
  value: string;
  options: string[];
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
            {o}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The seats of everything on the screen are pushed. */
function useWatch(codes: string[]): void {
  useEffect(() => {
    const wanted = [...plan.value, ...(requirements.value ?? [])].map((r) => r.course);
    const all = new Set([...wanted, ...codes]);
    const sections = [...all]
      .flatMap((c) => courses.value.get(c)?.components ?? [])
      .flatMap((c) => c.sections.map((s) => s.key));
    theLink()?.watch(new Set(sections.slice(0, WATCHED_MAX)));
  });
}

export function Search() {
  const [filters, setFilters] = useState<Filters>(noFilters);
  const [results, setResults] = useState<Results | null>(null);
  const [hasSeats, setHasSeats] = useState(false);
  const [fits, setFits] = useState(false);
  const set = (change: Partial<Filters>) => setFilters({ ...filters, ...change });
  const read = (page: number, had: string[]) =>
    attempt(async () => {
      const found = await search(filters, page);
      const codes = [...had, ...found.courses.map((c) => c.key)];
      setResults({ codes, total: found.total, page, facets: found.facets });
    });
  useEffect(() => {
    const timer = setTimeout(() => void read(1, []), results ? TYPING_MS : 0);
    return () => clearTimeout(timer);
  }, [filters]);
  useWatch(results?.codes ?? []);

  const held = new Set(enrolments.value.map((e) => e.course));
  const week = [
    ...heldSlots(enrolments.value),
    ...wishedSlots(plan.value, courses.value, held).slots,
  ];
  const found = (results?.codes ?? []).flatMap((c) => courses.value.get(c) ?? []);
  const shown = found.filter(
    (c) => (!hasSeats || courseLeft(c) !== 0) && (!fits || fitsWeek(c, week)),
  );
  const facets = results?.facets;
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
          value={filters.q}
          onInput={(e) => set({ q: e.currentTarget.value.trim() })}
        />
        <details class="filters">
          <summary>{t('plan.filters')}</summary>
          <div class="fields">
            <Choice
              label={t('plan.faculty')}
              value={filters.faculty}
              options={facets?.faculties ?? []}
              onChange={(faculty) => set({ faculty })}
            />
            <Choice
              label={t('plan.level')}
              value={filters.level}
              options={facets?.levels ?? []}
              onChange={(level) => set({ level })}
            />
            <Choice
              label={t('plan.language')}
              value={filters.language}
              options={facets?.languages ?? []}
              onChange={(language) => set({ language })}
            />
            <Choice
              label={t('plan.period')}
              value={filters.period}
              options={facets?.periods ?? []}
              onChange={(period) => set({ period })}
            />
          </div>
          <Checkbox checked={hasSeats} onChange={setHasSeats}>
            {t('plan.hasSeats')}
          </Checkbox>
          <Checkbox checked={fits} onChange={setFits}>
            {t('plan.fitsWeek')}
          </Checkbox>
        </details>
      </form>
      {!results ? (
        <Loading />
      ) : (
        <>
          <p class="quiet" role="status">
            {results.total ? t('plan.found', { n: results.total }) : t('plan.nothing')}
            {shown.length < found.length && ` · ${t('plan.shown', { n: shown.length })}`}
          </p>
          <ul class="courses">
            {shown.map((course) => (
              <CourseLine key={course.key} course={course} />
            ))}
          </ul>
          {results.codes.length < results.total && (
            <Button onClick={() => void read(results.page + 1, results.codes)}>
              {t('plan.more')}
            </Button>
          )}
        </>
      )}
    </section>
  );
}
