import { t } from '../../../i18n';
import { Button } from '../../../ui/basics';
import { pageBounds } from '../model/sections';

/** Where in a long list one is, and the way on. */
export function Paging(props: {
  total: number;
  page: number;
  size: number;
  onPage: (page: number) => void;
}) {
  const { page, pages, from, to } = pageBounds(props.total, props.page, props.size);
  return (
    <div class="row paging">
      <p role="status">{t('list.range', { from, to, total: props.total })}</p>
      {pages > 1 && (
        <>
          <Button
            icon="previous"
            label={t('list.previous')}
            disabled={page <= 1}
            onClick={() => props.onPage(page - 1)}
          >
            {t('list.previous')}
          </Button>
          <Button disabled={page >= pages} onClick={() => props.onPage(page + 1)}>
            {t('list.next')}
          </Button>
        </>
      )}
    </div>
  );
}
