// Students whose plan has something in its way, by reason.
import { t } from '../../i18n';
import { number } from '../../i18n/format';
import { go } from '../../router';
import { BLOCKED, blockedBy, blockedPage, blockers, lookedUp } from '../../store/registrar';
import { Button, Mark } from '../../ui/basics';
import type { PlanBlockers } from '../../wire/PlanBlockers';
import { blockName } from './model/names';
import { Part } from './parts/Freshness';
import { Paging } from './parts/Paging';

function pick(reason: string): void {
  blockedBy.value = blockedBy.value === reason ? '' : reason;
  blockedPage.value = 1;
  void blockers.load();
}

/** Her number goes into no address. */
function look(student: string): void {
  lookedUp.value = student;
  go('/registrar/student');
}

const Students = ({ found }: { found: PlanBlockers }) => (
  <>
    <table class="console-table blockers-table">
      <caption class="hidden">{t('blockers.title')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('blockers.student')}</th>
          <th scope="col">{t('blockers.course')}</th>
          <th scope="col">{t('blockers.reason')}</th>
        </tr>
      </thead>
      <tbody>
        {found.students.map((s) => (
          <tr key={`${s.student} ${s.course} ${s.reason}`}>
            <th scope="row">
              <Button
                kind="quiet"
                label={t('blockers.open', { student: s.student })}
                onClick={() => look(s.student)}
              >
                {s.student}
              </Button>
            </th>
            <td>{s.course}</td>
            <td>
              {blockName(s.reason)}
              {s.detail && <span class="meta"> {s.detail}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
    <Paging
      total={found.total}
      page={blockedPage.value}
      size={BLOCKED}
      onPage={(to) => {
        blockedPage.value = to;
        void blockers.load();
      }}
    />
  </>
);

export const Blockers = () => (
  <section aria-labelledby="blockers">
    <h2 id="blockers">{t('blockers.title')}</h2>
    <Part of={blockers}>
      {(found) =>
        found.reasons.length ? (
          <>
            <fieldset class="chips">
              <legend class="hidden">{t('blockers.by')}</legend>
              {found.reasons.map((r) => (
                <Button
                  key={r.reason}
                  pressed={blockedBy.value === r.reason}
                  onClick={() => pick(r.reason)}
                >
                  {blockName(r.reason)} <strong class="figures">{number(r.students)}</strong>
                </Button>
              ))}
            </fieldset>
            <Students found={found} />
          </>
        ) : (
          <Mark tone="good" icon="check">
            {t('blockers.none')}
          </Mark>
        )
      }
    </Part>
  </section>
);
