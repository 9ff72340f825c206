// The demonstration's door: anybody chooses whom to be.
import { useState } from 'preact/hooks';
import { named, t } from '../../i18n';
import { signIn } from '../../store/session';
import { choices } from '../../store/store';
import { Loading } from '../../ui/basics';
import { Icon } from '../../ui/Icon';
import type { SignInRequest } from '../../wire/SignInRequest';

const Who = (props: { name: string; about: string; as: SignInRequest }) => (
  <li>
    <button type="button" class="who" onClick={() => signIn(props.as)}>
      <span class="who-name">{props.name}</span>
      <span class="quiet">{props.about}</span>
      <Icon name="next" />
    </button>
  </li>
);

export function Demo() {
  const info = choices.value;
  const [number, setNumber] = useState('');
  if (!info) return <Loading />;
  if (info.mode !== 'demo') return <p>{t('signIn.off')}</p>;
  const submit = (e: Event) => {
    e.preventDefault();
    if (number.trim()) signIn({ student: number.trim() });
  };
  return (
    <>
      <p class="lead">{t('signIn.demo')}</p>
      <h2>{t('signIn.students')}</h2>
      <ul class="whos">
        {info.showcase.map((s) => (
          <Who
            key={s.student}
            name={named(s.label)}
            about={s.student}
            as={{ student: s.student }}
          />
        ))}
      </ul>
      <form class="inline-form" onSubmit={submit}>
        <label for="number">{t('signIn.all')}</label>
        <input
          id="number"
          list="numbers"
          autocomplete="off"
          placeholder={info.students[0]}
          aria-label={t('signIn.number')}
          value={number}
          onInput={(e) => setNumber(e.currentTarget.value)}
        />
        <datalist id="numbers">
          {info.students.map((s) => (
            <option key={s} value={s} />
          ))}
        </datalist>
        <button type="submit" class="button plain">
          {t('signIn.go')}
        </button>
      </form>
      <h2>{t('signIn.staff')}</h2>
      <ul class="whos">
        {info.registrars.map((name, i) => (
          <Who
            key={name}
            name={i ? `${t('signIn.staff')} ${i + 1}` : t('signIn.staff')}
            about={i ? t('signIn.staffOther') : t('signIn.staffWhat')}
            as={{ role: 'registrar', name }}
          />
        ))}
      </ul>
    </>
  );
}
