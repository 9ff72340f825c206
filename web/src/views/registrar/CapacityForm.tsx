// A section's seats: what a change would do is shown first, reckoned by the gateway's own rules.
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { Failed } from '../../store/api';
import { act, preview } from '../../store/registrar';
import { Checkbox, Mark } from '../../ui/basics';
import type { BoardSection } from '../../wire/BoardSection';
import type { CapacityPreview } from '../../wire/CapacityPreview';
import { capacity, type Fault, faultOf } from './model/check';
import { ActForm, problemText } from './parts/act';
import { Field } from './parts/Field';

const PREVIEW_MS = 300;

export const seats = (n: number | null): string =>
  n === null ? t('section.unlimited') : t('section.seatsN', { n });

type Looked = { of: number | null; found: CapacityPreview | Failed };

/** Asks a moment after the last change what a capacity would do; nothing while it is as it was. */
function usePreview(section: string, wanted: number | null | undefined, now: number | null) {
  const [looked, setLooked] = useState<Looked | null>(null);
  const newest = useRef(0);
  useEffect(() => {
    newest.current += 1;
    const mine = newest.current;
    setLooked(null);
    if (wanted === undefined || wanted === now) return;
    const timer = setTimeout(async () => {
      const found = await preview(section, wanted).catch((e) => {
        if (e instanceof Failed) return e;
        throw e;
      });
      if (mine === newest.current) setLooked({ of: wanted, found });
    }, PREVIEW_MS);
    return () => clearTimeout(timer);
  }, [section, wanted, now]);
  return looked;
}

function Outlook({ found: p }: { found: CapacityPreview }) {
  if (p.over_capacity > 0) {
    return (
      <Mark tone="wait" icon="warn">
        {t('section.previewOver', { n: p.over_capacity })}
      </Mark>
    );
  }
  return (
    <>
      <Mark tone="water" icon={p.promoted > 0 ? 'up' : 'minus'}>
        {p.promoted > 0
          ? t('section.promotes', { n: p.promoted, of: p.waitlisted })
          : t('section.promotesNone')}
      </Mark>
      {p.left !== null && <p>{t('section.leftAfter', { n: p.left })}</p>}
    </>
  );
}

function Preview(props: { looked: Looked | null; asked: boolean }) {
  const { looked, asked } = props;
  return (
    <div class="preview" role="status">
      {asked && !looked && <p class="quiet">{t('section.looking')}</p>}
      {looked && looked.found instanceof Failed && (
        <Mark tone="wait" icon="warn">
          {t('section.noPreview', { problem: problemText(looked.found) })}
        </Mark>
      )}
      {looked && !(looked.found instanceof Failed) && <Outlook found={looked.found} />}
    </div>
  );
}

export function CapacityForm(props: { section: BoardSection; onDone: () => void }) {
  const { section: s } = props;
  const [text, setText] = useState(s.capacity === null ? '' : `${s.capacity}`);
  const [unlimited, setUnlimited] = useState(s.capacity === null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [before] = useState(s.capacity);
  const checked = capacity(text, unlimited);
  const wanted = 'value' in checked ? checked.value : undefined;
  const looked = usePreview(s.section, wanted, s.capacity);
  const changes = wanted !== undefined && wanted !== s.capacity;
  const promoted = looked && !(looked.found instanceof Failed) ? looked.found.promoted : 0;
  const go = !changes
    ? t('section.capacityGo')
    : promoted > 0
      ? t('section.capacityGoPromote', { seats: seats(wanted), n: promoted })
      : t('section.capacityGoTo', { seats: seats(wanted) });
  return (
    <ActForm
      go={go}
      notYet={changes && !looked}
      reasonId="capacity-reason"
      send={(reason) => {
        if (wanted === s.capacity) setFault({ key: 'fault.same' });
        else setFault(faultOf(checked));
        // What it does is shown before it can be done.
        if (!changes || !looked) return null;
        return () => act('sections/capacity', { section: s.section, capacity: wanted, reason });
      }}
      onDone={props.onDone}
    >
      {s.capacity !== before && (
        <Mark tone="wait" icon="warn">
          {t('section.changedMeanwhile', { before: seats(before), now: seats(s.capacity) })}
        </Mark>
      )}
      <Field
        id="capacity"
        label={t('section.capacityLabel')}
        value={text}
        inputMode="numeric"
        disabled={unlimited}
        fault={fault}
        onInput={(to) => {
          setText(to);
          setFault(null);
        }}
      />
      <Checkbox checked={unlimited} onChange={setUnlimited}>
        {t('section.unlimited')}
      </Checkbox>
      <Preview looked={looked} asked={changes} />
    </ActForm>
  );
}
