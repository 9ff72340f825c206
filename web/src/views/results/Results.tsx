import { t } from '../../i18n';
import { Empty } from '../../ui/basics';

export const Results = () => (
  <>
    <h1>{t('results.title')}</h1>
    <Empty icon="results" title={t('results.empty')}>
      {t('results.emptyWhat')}
    </Empty>
  </>
);
