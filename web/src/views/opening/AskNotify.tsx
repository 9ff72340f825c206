// When a plan has just been armed is the moment to ask: now she knows what for.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { askable, askLeave } from '../../notify';
import { prefer } from '../../store/preferences';
import { preferences } from '../../store/store';
import { Button, Mark } from '../../ui/basics';

const NOT_NOW = 'sluis.notify.no';

export function AskNotify() {
  const [answer, setAnswer] = useState<'yes' | 'no' | null>(null);
  const wishes = preferences.value;
  if (answer === 'yes') {
    return (
      <Mark tone="water" icon="check">
        {t('notify.done')}
      </Mark>
    );
  }
  const asked = answer === 'no' || localStorage.getItem(NOT_NOW) === '1';
  if (!wishes || asked || !askable()) return null;
  const yes = async () => {
    const granted = await askLeave();
    if (granted) await prefer({ notify: true });
    setAnswer(granted ? 'yes' : 'no');
  };
  const no = () => {
    localStorage.setItem(NOT_NOW, '1');
    setAnswer('no');
  };
  return (
    <div class="ask">
      <p>{t('notify.ask')}</p>
      <div class="row">
        <Button onClick={() => void yes()}>{t('notify.yes')}</Button>
        <Button kind="quiet" onClick={no}>
          {t('notify.no')}
        </Button>
      </div>
    </div>
  );
}
