// Blocks: why she may not register at all.
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { actOnStudent } from '../../store/registrar';
import { Button, Mark } from '../../ui/basics';
import type { StudentFile } from '../../wire/StudentFile';
import { code, type Fault, faultOf } from './model/check';
import { ActDialog } from './parts/act';
import { Field } from './parts/Field';

function BlockDialog({ student, onClose }: { student: string; onClose: () => void }) {
  const [text, setText] = useState('');
  const [fault, setFault] = useState<Fault | null>(null);
  return (
    <ActDialog
      title={t('block.title', { student })}
      go={t('block.go')}
      needsReason
      send={(reason) => {
        const wanted = code(text, 'fault.block');
        setFault(faultOf(wanted));
        if ('fault' in wanted) return null;
        return () => actOnStudent('block', { code: wanted.value, reason });
      }}
      onClose={onClose}
    >
      <p>{t('block.what')}</p>
      <Field
        id="block-code"
        label={t('block.code')}
        hint={t('block.codeHint')}
        value={text}
        fault={fault}
        onInput={setText}
      />
    </ActDialog>
  );
}

export function BlockList({ file: f }: { file: StudentFile }) {
  const [asking, ask] = useState(false);
  const [lifting, lift] = useState<string | null>(null);
  return (
    <>
      {f.blocks.length ? (
        <ul class="lines">
          {f.blocks.map((block) => (
            <li key={block} class="row" data-block={block}>
              <Mark tone="bad" icon="warn">
                {block}
              </Mark>
              <Button
                label={t('list.actOf', { act: t('block.lift'), what: block })}
                onClick={() => lift(block)}
              >
                {t('block.lift')}
              </Button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="quiet">{t('block.none')}</p>
      )}
      <Button onClick={() => ask(true)}>{t('block.add')}</Button>
      {asking && <BlockDialog student={f.student} onClose={() => ask(false)} />}
      {lifting && (
        <ActDialog
          title={t('block.liftSure', { code: lifting, student: f.student })}
          go={t('block.lift')}
          needsReason
          send={(reason) => () => actOnStudent('unblock', { code: lifting, reason })}
          onClose={() => lift(null)}
        >
          <p>{t('block.liftWhat')}</p>
        </ActDialog>
      )}
    </>
  );
}
