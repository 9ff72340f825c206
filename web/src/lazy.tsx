// A view whose code is read when it is first needed, or in a quiet moment.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { loadViewTexts, t } from './i18n';
import { Button, Loading } from './ui/basics';

type View = () => preact.JSX.Element;
export type LazyView = View & { load: () => Promise<void> };

/** `texts`: it needs more than the first texts. */
export function lazy(read: () => Promise<View>, texts = true): LazyView {
  const view = signal<View | null>(null);
  const failed = signal(false);
  const load = async () => {
    if (view.value) return;
    try {
      const [found] = await Promise.all([read(), texts && loadViewTexts()]);
      view.value = found;
    } catch {
      failed.value = true;
    }
  };
  const Lazy = () => {
    useEffect(() => void load(), []);
    const Read = view.value;
    if (Read) return <Read />;
    if (!failed.value) return <Loading />;
    return (
      <>
        <h1>{t('app.viewFailed')}</h1>
        <p>
          {/* A browser may keep the failure for as long as the page is open. */}
          <Button onClick={() => location.reload()}>{t('lost.reload')}</Button>
        </p>
      </>
    );
  };
  return Object.assign(Lazy, { load });
}
