// Figures that only the console shows.
import { perTag } from '../../../i18n';

const figure = (options: Intl.NumberFormatOptions) => {
  const format = perTag((tag) => new Intl.NumberFormat(tag, options));
  return (n: number): string => format().format(n);
};

/** `2.4` as `240%`. */
export const percent = figure({ style: 'percent' });
/** At most one decimal, as a rate. */
export const rate = figure({ maximumFractionDigits: 1 });
export const gigabytes = figure({
  style: 'unit',
  unit: 'gigabyte',
  unitDisplay: 'short',
  maximumFractionDigits: 1,
});
