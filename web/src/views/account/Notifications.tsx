// Which news she wants as a notification of the browser. The message centre always has everything.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { TOPICS, type Topic } from '../../model/topics';
import { allowed, askLeave, canNotify } from '../../notify';
import { prefer } from '../../store/preferences';
import { preferences } from '../../store/store';
import { Checkbox, Loading, Mark } from '../../ui/basics';

function State({ notify }: { notify: boolean }) {
  if (!canNotify()) return <p class="quiet">{t('notify.unable')}</p>;
  if (!notify || allowed()) return null;
  return (
    <Mark tone="wait" icon="warn">
      {t('notify.denied')}
    </Mark>
  );
}

export function Notifications() {
  const wishes = preferences.value;
  const [, redraw] = useState(0);
  const turn = async (on: boolean) => {
    if (on) await askLeave();
    await prefer({ notify: on });
    redraw((n) => n + 1); // the browser's leave is no signal
  };
  const topic = (one: Topic, on: boolean) => {
    const chosen = TOPICS.filter((x) => (x === one ? on : wishes?.topics.includes(x)));
    void prefer({ topics: chosen });
  };
  return (
    <section aria-labelledby="notify-title">
      <h2 id="notify-title">{t('notify.title')}</h2>
      <p class="lead">{t('notify.what')}</p>
      {!wishes ? (
        <Loading />
      ) : (
        <>
          <Checkbox checked={wishes.notify} onChange={(on) => void turn(on)}>
            {t('notify.on')}
          </Checkbox>
          <State notify={wishes.notify} />
          {wishes.notify && (
            <fieldset class="topics">
              <legend>{t('notify.topics')}</legend>
              {TOPICS.map((x) => (
                <Checkbox
                  key={x}
                  checked={wishes.topics.includes(x)}
                  onChange={(on) => topic(x, on)}
                >
                  {t(`topic.${x}`)}
                </Checkbox>
              ))}
            </fieldset>
          )}
        </>
      )}
    </section>
  );
}
