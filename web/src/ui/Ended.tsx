// A window that is over: where it closed before her turn, her plan was not submitted, and it says so.
import type { ComponentChildren } from 'preact';
import { named, t } from '../i18n';
import { closedBeforeTurn } from '../model/windows';
import { messages } from '../store/store';
import type { WindowView } from '../wire/WindowView';
import { Mark } from './basics';

export function Ended(props: { window: WindowView; children?: ComponentChildren }) {
  const { window: w, children } = props;
  return (
    <>
      {closedBeforeTurn(w, messages.value ?? []) && (
        <Mark tone="bad" icon="warn">
          {t('message.ticket_ended', { window: named(w.name) })}
        </Mark>
      )}
      {children && <p class="quiet">{children}</p>}
    </>
  );
}
